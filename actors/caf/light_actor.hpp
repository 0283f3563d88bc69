#pragma once
/// An actor without a mailbox of CAF's: for those that there are millions of.
///
/// It runs on the same workers, one turn at a time, and its faults are caught and counted in the
/// same way; what it is to do waits in queues of its own, which can have a bound, and `wake` gives
/// it a turn. Nothing is allocated to wake it, and beside its own state it is a few words: most of
/// what an actor of CAF's costs, idle or at work, is its mailbox.
///
///     class counter final : public light_actor {
///      public:
///       static constexpr std::string_view actor_name = "counter";
///       explicit counter(const actor_host& host) : light_actor(host, actor_name) {}
///       void add(int n) { sum_ += n, wake(); }      // from any thread
///      private:
///       turn take_turn() override { …; return turn::rest; }
///     };
///     auto c = make_light<counter>(host);

#include "actors/caf/host.hpp"

#include <caf/intrusive_ptr.hpp>
#include <caf/make_counted.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fasti::actors {

class light_actor : private caf::resumable, public caf::ref_counted {
 public:
  light_actor(const light_actor&) = delete;
  light_actor& operator=(const light_actor&) = delete;
  ~light_actor() override;

  /// At least one turn begins after this call; from any thread. Nothing, once it has stopped.
  void wake();

  /// Its next turn is `on_stop`, and it never has another; from any thread. To be called before the
  /// last handle is dropped, if it ever was woken or counts on `on_stop`.
  void stop();

 protected:
  /// Whether it has more to do than it did: others get their turn first.
  enum class turn : std::uint8_t { rest, again };

  light_actor(const actor_host& host, std::string_view name);

  /// One at a time, on any worker; must not block. What it throws is reported, and stops the actor.
  virtual turn take_turn() = 0;
  /// The last turn: the place to let go of handles. What it throws is reported and dropped.
  virtual void on_stop() {}

 private:
#if FASTI_CAF_MAIL
  using worker = caf::scheduler;
  void ref_resumable() const noexcept final { ref(); }
  void deref_resumable() const noexcept final { deref(); }
#else
  using worker = caf::execution_unit;
  void intrusive_ptr_add_ref_impl() final { ref(); }
  void intrusive_ptr_release_impl() final { deref(); }
#endif
  /// waiting: for a worker. woken: at work, and there is more to do than it may have seen.
  enum class phase : std::uint8_t { resting, waiting, at_work, woken, stopped };

  resume_result resume(worker* by, std::size_t messages_max) final;
  turn guarded_turn() noexcept;
  void end() noexcept;
  void leave() noexcept;
  void report() noexcept;

  // First what who wakes it touches: it lies beside the reference count.
  std::atomic<phase> phase_{phase::resting};
  std::atomic<bool> stopping_{false};
  bool running_ = true;  // counted; the worker's, or of who destroys it
  const actor_host host_;
  const std::string_view name_;
  actor_census::counter& counter_;
};

/// A handle, which keeps its actor there.
template <class Actor>
using light_ref = caf::intrusive_ptr<Actor>;

/// Makes one; from any thread. `Actor`'s constructor takes the host first, and runs here and now.
template <class Actor, class... Args>
[[nodiscard]] light_ref<Actor> make_light(const actor_host& host, Args&&... args) {
  return caf::make_counted<Actor>(host, std::forward<Args>(args)...);
}

}  // namespace fasti::actors
