#pragma once
/// The way into a runtime for those who may outlive it.

#include <atomic>

#include "fasti/runtime.hpp"

namespace fasti::actors {

/// What a runtime does for actors of an application. Any thread; each callback is called once.
class runtime_port {
 public:
  virtual ~runtime_port() = default;
  virtual void send(fasti::detail::sent_command&& command, receipt_callback&& callback) = 0;
  virtual void send_together(std::vector<addressed_command> commands, command_origin origin,
                             conditions under, joint_callback callback) = 0;
  virtual void query_view(std::string_view name, type_id query, std::vector<word> body,
                          query_options options,
                          std::function<void(result<fasti::detail::view_words>)> callback) = 0;
  virtual void query_aggregate(fasti::detail::sent_query query,
                               std::function<void(result<std::vector<word>>)> callback) = 0;
  virtual void log(log_level level, std::string_view line) const = 0;
};

/// Shared by the runtime and those who may outlive it.
class door {
 public:
  explicit door(runtime_port& to) : to_(to) {}
  door(const door&) = delete;
  door& operator=(const door&) = delete;

  /// Calls `visit(runtime_port&)`; false, without doing so, when it is shut.
  template <class Visit>
  [[nodiscard]] bool enter(Visit&& visit) {
    const visitor inside(*this);
    if (shut_) return false;
    std::forward<Visit>(visit)(to_);
    return true;
  }

  /// Waits until nobody is inside; nobody enters after that. Not from inside.
  void shut() noexcept {
    shut_ = true;
    for (auto n = inside_.load(); n != 0; n = inside_.load()) inside_.wait(n);
  }

 private:
  class visitor {
   public:
    explicit visitor(door& d) : door_(d) { ++door_.inside_; }
    visitor(const visitor&) = delete;
    visitor& operator=(const visitor&) = delete;
    ~visitor() {
      if (--door_.inside_ == 0) door_.inside_.notify_all();
    }

   private:
    door& door_;
  };

  runtime_port& to_;
  std::atomic<std::size_t> inside_{0};
  std::atomic<bool> shut_{false};
};

}  // namespace fasti::actors
