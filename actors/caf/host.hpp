#pragma once
/// Where actors live: what they report when something goes wrong, who is running, and `spawn`.
///
/// An `actor_host` is a small value, handed down to whoever makes actors. It is the same for the
/// real `actor_world`, a borrowed `actor_system` and the `test_world`, so the code that spawns does
/// not know which one it runs in. It must not be used after its world is gone.

#include "actors/caf/interface.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>
#if FASTI_CAF_MAIL
#include <caf/detail/actor_system_access.hpp>
#endif

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fasti::actors {

/// Something that went wrong in an actor and that no caller is there to be told.
struct actor_fault {
  enum class kind : std::uint8_t {
    handler_threw,       ///< A handler of a message let an exception out.
    reply_threw,         ///< A handler of a reply let an exception out.
    start_failed,        ///< `make_behavior` let an exception out; the actor is gone.
    unexpected_message,  ///< A message outside the interface. Dropped.
    unexpected_error,    ///< An error message that belongs to no request. Dropped.
    left_behind,         ///< Still running when its world had to end; see `actor_world::shutdown`.
  };
  kind what = kind::handler_threw;
  std::string_view actor;      ///< The `actor_name` of its class.
  std::uint64_t actor_id = 0;  ///< Unique in its world; 0 if it is not about one actor.
  std::string detail;          ///< For people: the exception's text, a count, …
};

/// Called on the thread where the fault happened, by several threads at once. Must be quick, must
/// not block and should not throw (an exception out of it is dropped).
using fault_handler = std::function<void(const actor_fault&)>;

/// How many actors of a class are running.
struct actor_count {
  std::string name;
  std::size_t count = 0;
};

/// The books of one world: shared by its actors, so they outlive it. Thread-safe.
class actor_census {
 public:
  using counter = std::atomic<std::size_t>;

  explicit actor_census(fault_handler on_fault) : on_fault_(std::move(on_fault)) {}

  void report(const actor_fault& fault) const noexcept;
  [[nodiscard]] counter& counter_of(std::string_view name);
  void enter(counter& of) noexcept;
  void leave(counter& of) noexcept;

  /// Who is running now, by class; classes with nobody are left out.
  [[nodiscard]] std::vector<actor_count> running() const;
  [[nodiscard]] std::size_t total() const noexcept { return total_.load(); }
  /// True when nobody was left within `limit`.
  bool wait_until_empty(std::chrono::milliseconds limit);

 private:
  fault_handler on_fault_;
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::map<std::string, counter, std::less<>> counters_;  // nodes never move
  counter total_ = 0;
};

class actor_host;

/// What an actor's constructor takes first and passes to `actor_base`. Only `spawn` makes one.
class actor_setup {
 public:
  actor_setup(const actor_setup&) = delete;
  actor_setup& operator=(const actor_setup&) = delete;

 private:
  template <class>
  friend class actor_base;
  friend class actor_host;

  actor_setup(caf::actor_config& config, const actor_host& host, std::string_view name,
              actor_census::counter& counter)
      : config_(config), host_(host), name_(name), counter_(counter) {}

  caf::actor_config& config_;
  const actor_host& host_;
  std::string_view name_;
  actor_census::counter& counter_;
};

class actor_host {
 public:
  actor_host(caf::actor_system& system, std::shared_ptr<actor_census> census)
      : system_(&system), census_(std::move(census)) {}

  /// Makes an actor; from any thread. `Actor` derives from `actor_base<Interface>`, has
  /// `static constexpr std::string_view actor_name`, and a constructor
  /// `(const actor_setup&, Args…)`, which runs here and now; what it throws comes out here.
  /// The actor is lazy: `make_behavior` and all handlers run on workers, from the first message on,
  /// and an actor that never gets one costs about 1.2 kB and no work.
  ///
  /// Keep the handle: an actor that nobody holds is destroyed without a word.
  template <class Actor, class... Args>
  [[nodiscard]] typename Actor::interface spawn(Args&&... args) const {
    caf::actor_config config;
#if FASTI_CAF_MAIL
    auto* const context = &system_->scheduler();
    config.sched = context;
    config.mbox_factory = caf::detail::actor_system_access(*system_).mailbox_factory();
#else
    auto* const context = system_->dummy_execution_unit();
    config.host = context;
#endif
    const actor_setup setup(config, *this, Actor::actor_name,
                            census_->counter_of(Actor::actor_name));
    auto handle = caf::make_actor<Actor, typename Actor::interface>(
        system_->next_actor_id(), system_->node(), system_, setup, std::forward<Args>(args)...);
    constexpr bool lazy = true;
    constexpr bool hidden = false;
    caf::actor_cast<Actor*>(handle)->launch(context, lazy, hidden);
    return handle;
  }

  [[nodiscard]] caf::actor_system& system() const noexcept { return *system_; }
  [[nodiscard]] actor_census& census() const noexcept { return *census_; }

 private:
  caf::actor_system* system_;
  std::shared_ptr<actor_census> census_;
};

}  // namespace fasti::actors
