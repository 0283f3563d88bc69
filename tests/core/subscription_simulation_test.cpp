// Bus and subscriptions in a world where everything may happen in any order: messages wait as long
// as chance wants (but those of one sender to one receiver stay in order), reads take their time,
// subscribers hold their batches, pause, crash and begin anew at what they saved. The machines are
// the real ones; journal, threads and mailboxes are made of vectors, and one seed is one history.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <variant>

#include "runtime/core/bus_machine.hpp"
#include "runtime/core/subscription_machine.hpp"

namespace fasti::test {
namespace {

using core::bus_machine;
using core::subscription_machine;
using positions = std::vector<std::uint64_t>;

class chance {
 public:
  explicit chance(std::uint64_t seed) : from_(seed) {}
  std::uint64_t below(std::uint64_t n) { return from_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 from_;
};

/// Which events somebody asks for: those of every so many kinds.
struct wish {
  std::uint64_t kinds = 1;
  std::uint64_t kind = 0;
  [[nodiscard]] bool fits(std::uint64_t position) const { return position % kinds == kind; }
};

/// In each move one of the deeds that may come next is drawn.
class simulation {
 public:
  explicit simulation(std::uint64_t seed) : by_(seed), bus_(no_position) {
    for (std::size_t i = 0; i < 1 + by_.below(4); ++i) {
      auto& s = all_.emplace_back();
      s.wants.kinds = 1 + by_.below(3);
      s.wants.kind = by_.below(s.wants.kinds);
      s.held_max = 1 + by_.below(2);
      s.slowness = 1 + by_.below(20);
      start(i);
    }
  }

  void run(std::size_t moves) {
    for (std::size_t i = 0; i < moves && fault_.empty(); ++i) move(true);
    for (auto& s : all_) s.is_paused = false, s.slowness = 1;
    for (std::size_t i = 0; i < all_.size(); ++i) wake(i);
    while (fault_.empty() && move(false)) {
    }
    for (auto& s : all_) save(s);
    for (const auto& s : all_) check_whole(s);
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] std::uint64_t crashes() const { return crashes_; }
  [[nodiscard]] std::uint64_t events_handled() const { return handled_; }

 private:
  struct batch {
    positions events;
    std::uint64_t up_to = 0;
  };
  struct read_done {
    std::uint64_t looked_at;
  };
  struct look {};
  using message = std::variant<position, read_done, look>;

  /// A subscriber over all its lives: what it saved outlives a crash, the rest does not.
  struct subscriber {
    wish wants;
    std::size_t held_max = 1;
    std::uint64_t slowness = 1;

    positions saved;  // with the checkpoint in one step, as a view is
    std::uint64_t checkpoint = 0;

    // Of this life:
    std::uint64_t life = 0;
    subscription_machine machine{no_position};
    std::map<std::string, std::deque<message>> mail;  // by sender
    bool is_reading = false;
    bool is_paused = false;
    bool was_woken = false;
    std::deque<batch> held;
    positions handled;
    std::uint64_t handled_up_to = 0;
  };
  using address = std::pair<std::size_t, std::uint64_t>;  // which subscriber, in which life
  struct to_bus {
    enum class kind { head, subscribe, caught_up, unsubscribe } what;
    address who;
    position at{};
  };
  using deed = std::function<void()>;

  // -- what happens ------------------------------------------------------------------------------

  bool move(bool world_goes_on) {
    std::vector<deed> deeds;
    if (world_goes_on && by_.one_in(3)) deeds.emplace_back([this] { write(); });
    for (auto& [sender, waiting] : bus_mail_) {
      if (!waiting.empty()) deeds.emplace_back([this, &w = waiting] { bus_takes(w); });
    }
    for (std::size_t i = 0; i < all_.size(); ++i) offer(i, deeds, world_goes_on);
    if (deeds.empty()) return world_goes_on;
    deeds[by_.below(deeds.size())]();
    return true;
  }

  void offer(std::size_t i, std::vector<deed>& deeds, bool world_goes_on) {
    auto& s = all_[i];
    for (auto& [sender, waiting] : s.mail) {
      if (!waiting.empty()) deeds.emplace_back([this, i, &w = waiting] { takes(i, w); });
    }
    if (s.is_reading) deeds.emplace_back([this, i] { read(i); });
    if (!s.held.empty() && by_.one_in(s.slowness)) deeds.emplace_back([this, i] { handle(i); });
    if (!world_goes_on) return;
    if (by_.one_in(10)) deeds.emplace_back([this, &s] { save(s); });
    if (by_.one_in(20)) deeds.emplace_back([&s] { s.is_paused = true; });
    if (s.is_paused && by_.one_in(5)) deeds.emplace_back([this, i] { resume(i); });
    if (by_.one_in(60)) deeds.emplace_back([this, i] { crash(i); });
    if (by_.one_in(300)) deeds.emplace_back([this, i] { begin_anew(i); });
  }

  void write() {
    head_ += 1 + by_.below(5);
    bus_mail_["journal"].push_back({to_bus::kind::head, {}, position{head_}});
  }

  void bus_takes(std::deque<to_bus>& waiting) {
    const auto m = waiting.front();
    waiting.pop_front();
    const auto tell = [this](const address& who, position head) {
      auto& s = all_[who.first];
      if (s.life != who.second) return;  // its mailbox went with it
      auto& heads = s.mail["bus"];
      heads.emplace_back(head);
      if (heads.size() > 1) fault_ = "a subscriber's mailbox grows";
    };
    switch (m.what) {
      case to_bus::kind::head:
        return bus_.on_head(m.at, tell);
      case to_bus::kind::subscribe:
        return bus_.on_subscribe(m.who, tell);
      case to_bus::kind::caught_up:
        return bus_.on_caught_up(m.who, m.at, tell);
      case to_bus::kind::unsubscribe:
        return bus_.on_unsubscribe(m.who);
    }
  }

  void takes(std::size_t i, std::deque<message>& waiting) {
    auto& s = all_[i];
    const auto m = waiting.front();
    waiting.pop_front();
    if (const auto* head = std::get_if<position>(&m)) s.machine.on_head(*head);
    if (const auto* done = std::get_if<read_done>(&m)) {
      s.machine.on_read(position{done->looked_at});
    }
    if (std::holds_alternative<look>(m)) s.was_woken = false;
    switch (s.machine.next(!s.is_paused && s.held.size() < s.held_max)) {
      case subscription_machine::todo::read:
        if (s.is_reading) fault_ = "two reads at once";
        s.is_reading = true;
        return;
      case subscription_machine::todo::say_caught_up:
        return bus_mail_[name(i)].push_back(
            {to_bus::kind::caught_up, {i, s.life}, s.machine.seen()});
      case subscription_machine::todo::nothing:
        return;
    }
  }

  /// A reader thread looks at the journal: any number of events, up to where it was told to.
  void read(std::size_t i) {
    auto& s = all_[i];
    s.is_reading = false;
    const auto from = count_of(s.machine.seen());
    const auto to = count_of(s.machine.head());
    if (to > head_) fault_ = "it reads what is not durable";
    batch b;
    b.up_to = from + 1 + by_.below(to - from);
    for (auto p = from + 1; p <= b.up_to; ++p) {
      if (s.wants.fits(p)) b.events.push_back(p);
    }
    const auto up_to = b.up_to;
    if (!b.events.empty()) s.held.push_back(std::move(b));
    s.mail["reader"].emplace_back(read_done{up_to});
  }

  void handle(std::size_t i) {
    auto& s = all_[i];
    const auto& b = s.held.front();
    s.handled.insert(s.handled.end(), b.events.begin(), b.events.end());
    s.handled_up_to = b.up_to;
    handled_ += b.events.size();
    s.held.pop_front();
    wake(i);
  }

  void wake(std::size_t i) {
    auto& s = all_[i];
    if (!std::exchange(s.was_woken, true)) s.mail["anybody"].emplace_back(look{});
  }

  void resume(std::size_t i) {
    all_[i].is_paused = false;
    wake(i);
  }

  void save(subscriber& s) {
    s.saved.insert(s.saved.end(), s.handled.begin(), s.handled.end());
    s.handled.clear();
    s.checkpoint = std::max(s.checkpoint, s.handled_up_to);
    const auto fitting = expected(s, s.checkpoint);
    if (s.saved != fitting) fault_ = "the checkpoint is not what the view shows";
  }

  void crash(std::size_t i) {
    ++crashes_;
    bus_mail_[name(i)].push_back({to_bus::kind::unsubscribe, {i, all_[i].life}});
    start(i);
  }

  /// A rebuild: what was saved is thrown away.
  void begin_anew(std::size_t i) {
    all_[i].saved.clear();
    all_[i].checkpoint = 0;
    crash(i);
  }

  void start(std::size_t i) {
    auto& s = all_[i];
    subscriber next;
    next.wants = s.wants;
    next.held_max = s.held_max;
    next.slowness = s.slowness;
    next.saved = std::move(s.saved);
    next.checkpoint = s.checkpoint;
    next.life = s.life + 1;
    next.machine = subscription_machine(position{s.checkpoint});
    next.handled_up_to = s.checkpoint;
    s = std::move(next);
    bus_mail_["node"].push_back({to_bus::kind::subscribe, {i, s.life}});
  }

  // -- what must be ------------------------------------------------------------------------------

  [[nodiscard]] static positions expected(const subscriber& s, std::uint64_t up_to) {
    positions all;
    for (std::uint64_t p = 1; p <= up_to; ++p) {
      if (s.wants.fits(p)) all.push_back(p);
    }
    return all;
  }
  void check_whole(const subscriber& s) {
    if (!fault_.empty() || s.saved == expected(s, head_)) return;
    fault_ = "a subscriber has " + std::to_string(s.saved.size()) + " of " +
             std::to_string(expected(s, head_).size()) + " events, and nothing is to come";
  }
  [[nodiscard]] static std::string name(std::size_t i) { return "subscriber " + std::to_string(i); }

  chance by_;
  bus_machine<address> bus_;
  std::map<std::string, std::deque<to_bus>> bus_mail_;  // by sender
  std::vector<subscriber> all_;
  std::uint64_t head_ = 0;
  std::uint64_t crashes_ = 0;
  std::uint64_t handled_ = 0;
  std::string fault_;
};

constexpr std::uint64_t seeds = 10'000;

TEST(SubscriptionSimulation, P4_NoGapAndNoRepeatInAnyOrderOfEvents) {
  std::uint64_t crashes = 0;
  std::uint64_t handled = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    simulation s(seed);
    s.run(300);
    ASSERT_EQ(s.fault(), "") << "seed " << seed;
    crashes += s.crashes();
    handled += s.events_handled();
  }
  EXPECT_GT(crashes, seeds) << "else it says little";
  EXPECT_GT(handled, 100 * seeds) << "… as well";
}

}  // namespace
}  // namespace fasti::test
