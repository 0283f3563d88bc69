#include "runtime/node/sink_courier.hpp"

#include <algorithm>

#include "fasti/detail/thread_name.hpp"
#include "runtime/core/event_text.hpp"
#include "runtime/core/guard.hpp"

namespace fasti::node {
namespace {

using clock = core::sink_machine::clock;

/// None of them has lost what the sink would need.
result<void> check_whole(const event_batch& batch) {
  const auto gone =
      std::find_if(batch.begin(), batch.end(), [](const auto& e) { return e.is_truncated(); });
  if (gone == batch.end()) return {};
  return error{errc::corrupt, "behind-truncation",
               core::place_text(*gone) + ": " + core::truncated_text(*gone) +
                   ". Bring the sink up to there by other means, with its checkpoint"};
}

}  // namespace

sink_courier::sink_courier(std::string name, std::shared_ptr<sink> to,
                           const failure_policy& on_failure, const checkpoint& begins,
                           subscription_options wants, sink_link& link)
    : name_(std::move(name)),
      sink_(std::move(to)),
      begins_(begins),
      wants_(std::move(wants)),
      link_(link),
      machine_(on_failure),
      thread_([this] { work(); }) {}

sink_courier::~sink_courier() { end(); }

void sink_courier::end_soon() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void sink_courier::end() {
  end_soon();
  if (thread_.joinable()) thread_.join();
}

// -- the thread -----------------------------------------------------------------------------------

void sink_courier::work() {
  detail::name_this_thread("fasti.sink");
  using todo = core::sink_machine::todo;
  std::unique_lock lock(mutex_);
  const auto is_ending = [this] { return ending_; };
  const auto has_news = [this] { return ending_ || !came_.empty() || no_more_; };
  for (auto next = todo::ask; !ending_ && next != todo::rest; next = machine_.next(clock::now())) {
    if (next == todo::wait) {
      changed_.wait_until(lock, machine_.retry_at(), is_ending);
      continue;
    }
    if (next == todo::give) changed_.wait(lock, has_news);
    if (ending_) break;
    lock.unlock();
    next == todo::ask ? ask() : give_next();
    lock.lock();
  }
  lock.unlock();
  stop_following();
}

void sink_courier::ask() {
  auto at = asked();
  if (!at) return fail(std::move(at).error());
  if (!*at) {
    auto kept = given(event_batch({}, begins_, nullptr));
    if (!kept) return fail(std::move(kept).error());
  }
  follow(at->value_or(begins_));
}

void sink_courier::follow(const checkpoint& behind) {
  auto wants = wants_;
  wants.from = start_at::behind(behind);
  auto fed = link_.subscribe(std::move(wants), [this](auto came) { put(std::move(came)); });
  // What the journal says of a place is not going to change.
  if (!fed) return stop(std::move(fed).error());
  {
    const std::lock_guard lock(mutex_);
    fed_by_ = *std::move(fed);
    machine_.on_place(behind.position);
  }
  changed_.notify_all();
}

/// Not under the lock: the end of a subscription waits for its last call, which wants it. Only then
/// is nothing at work: what was given out and not taken must not count.
void sink_courier::stop_following() {
  std::optional<subscription> ended;
  std::deque<event_batch> dropped;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(fed_by_);
  }
  ended.reset();
  const std::lock_guard lock(mutex_);
  dropped.swap(came_);
  no_more_.reset();
  is_at_work_ = false;
}

void sink_courier::put(result<event_batch> came) {
  {
    const std::lock_guard lock(mutex_);
    if (came) {
      came_.push_back(*std::move(came));
    } else {
      no_more_ = std::move(came).error();
    }
  }
  changed_.notify_all();
}

void sink_courier::give_next() {
  event_batch batch;
  {
    std::unique_lock lock(mutex_);
    if (came_.empty()) {
      auto why = *no_more_;
      lock.unlock();
      return stop(std::move(why));
    }
    batch = std::move(came_.front());
    came_.pop_front();
    is_at_work_ = true;
  }
  auto taken = check_whole(batch);
  if (taken) taken = given(batch);
  if (!taken) return fail(std::move(taken).error());
  {
    const std::lock_guard lock(mutex_);
    is_at_work_ = false;
    machine_.on_taken(batch.up_to().position, batch.size());
  }
  changed_.notify_all();
}

// -- the sink, whatever it throws -----------------------------------------------------------------

result<std::optional<checkpoint>> sink_courier::asked() {
  result<std::optional<checkpoint>> at = std::optional<checkpoint>();
  const auto thrown = core::thrown_by([&] { at = sink_->reached(); });
  if (thrown) return error{errc::invalid, "sink-threw", "reached threw " + *thrown};
  return at;
}

result<void> sink_courier::given(const event_batch& batch) {
  result<void> taken;
  const auto thrown = core::thrown_by([&] { taken = sink_->take(batch); });
  if (thrown) return error{errc::invalid, "sink-threw", "take threw " + *thrown};
  return taken;
}

// -- how it is doing ------------------------------------------------------------------------------

error sink_courier::named(error why) const {
  why.detail = "sink " + name_ + ", behind position " +
               std::to_string(count_of(machine_.checkpoint())) + ": " + why.detail;
  return why;
}

void sink_courier::fail(error why) {
  stop_following();
  std::optional<error> said;
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    machine_.on_failure(named(std::move(why)), clock::now());
    said = machine_.stopped() ? machine_.stopped() : machine_.failing();
  }
  changed_.notify_all();
  link_.log(log_level::error, said->to_string());
}

void sink_courier::stop(error why) {
  stop_following();
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    why = named(std::move(why));
    machine_.stop(why);
  }
  changed_.notify_all();
  link_.log(log_level::error, why.to_string());
}

position sink_courier::reached() const {
  const std::lock_guard lock(mutex_);
  return reached_with_lock();
}

/// A batch is put here before it counts as given out: who has none has all that was.
position sink_courier::reached_with_lock() const {
  const auto at = machine_.checkpoint();
  if (!fed_by_) return at;
  const auto given_up_to = fed_by_->status().given_up_to;
  return is_at_work_ || !came_.empty() ? at : std::max(at, given_up_to);
}

sink_status sink_courier::status() const {
  const std::lock_guard lock(mutex_);
  return {name_,
          reached_with_lock(),
          machine_.stopped(),
          machine_.failing(),
          machine_.retries(),
          machine_.events_taken(),
          rate_.per_second()};
}

void sink_courier::sample_rate(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  rate_.sample(machine_.events_taken(), now);
}

result<void> sink_courier::wait_for(position p, std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline,
                      [&] { return reached_with_lock() >= p || machine_.stopped() || ending_; });
  const auto at = reached_with_lock();
  if (at >= p) return {};
  if (machine_.stopped()) return *machine_.stopped();
  if (ending_) return error{errc::closed, "closed", "the runtime is closed"};
  return error{errc::unavailable, "not-visible-in-time",
               "sink " + name_ + " has position " + std::to_string(count_of(at)) + ", asked for " +
                   std::to_string(count_of(p))};
}

}  // namespace fasti::node
