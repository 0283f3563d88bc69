// The window of command ids against a list that is searched from end to end.

#include "persistence/command_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace fasti::test {
namespace {

using namespace std::chrono_literals;

class window_and_list {
 public:
  window_and_list(std::size_t ids_max, std::uint64_t seed)
      : ids_max_(ids_max), window_(limits_of(ids_max)), chance_(seed) {}

  void add(std::size_t times) {
    for (; times > 0; --times) {
      // Few of the bits that are hashed differ.
      const command_id id{unique_id{++ids_ / 7, ids_}};
      command_record r;
      r.fingerprint = chance_();
      r.outcome.first_position = position{++positions_};
      r.outcome.last_position = position{positions_ += below(3)};
      r.outcome.version = version{ids_};
      r.outcome.time = now_ += 1s;
      ASSERT_FALSE(window_.find(id));
      window_.expect(id);
      window_.add(id, r);
      list_.emplace_back(id, r);
      if (list_.size() > ids_max_) leave();
    }
  }
  void forget_newest(std::size_t times) {
    times = std::min(times, list_.size());
    if (times == 0) return;
    const auto& oldest = list_[list_.size() - times].second.outcome.first_position;
    window_.forget_after(position{count_of(oldest) - 1});
    for (; times > 0; --times) {
      gone_.push_back(list_.back().first);
      list_.pop_back();
    }
  }
  /// By their age.
  void forget_oldest(std::size_t times) {
    times = std::min(times, list_.size());
    if (times == 0) return;
    const auto newest = list_[times - 1].second.outcome.time;
    window_.forget_old(newest + 1h + 1ns);
    for (; times > 0; --times) leave();
  }
  void check() const {
    for (const auto& [id, r] : list_) {
      const auto found = window_.find(id);
      ASSERT_TRUE(found);
      ASSERT_EQ(found->fingerprint, r.fingerprint);
      ASSERT_EQ(found->outcome.first_position, r.outcome.first_position);
      ASSERT_EQ(found->outcome.last_position, r.outcome.last_position);
      ASSERT_EQ(found->outcome.version, r.outcome.version);
      ASSERT_EQ(found->outcome.time, r.outcome.time);
    }
    for (const auto& id : gone_) ASSERT_FALSE(window_.find(id));
  }
  void reserve(std::size_t ids) { window_.reserve(ids); }
  std::size_t below(std::size_t n) { return chance_() % n; }

 private:
  static journal_limits limits_of(std::size_t ids_max) {
    journal_limits limits;
    limits.command_ids_max = ids_max;
    limits.command_ids_age_max = 1h;
    return limits;
  }
  void leave() {
    gone_.push_back(list_.front().first);
    list_.pop_front();
  }

  const std::size_t ids_max_;
  persistence::command_window window_;
  std::deque<std::pair<command_id, command_record>> list_;
  std::vector<command_id> gone_;
  std::mt19937_64 chance_;
  std::uint64_t ids_ = 0;
  std::uint64_t positions_ = 0;
  timestamp now_{24h};
};

class CommandWindow : public ::testing::TestWithParam<std::size_t> {};

TEST_P(CommandWindow, P8_HoldsWhatWasAddedLastWhateverLeaves) {
  const auto ids_max = GetParam();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    window_and_list both(ids_max, seed);
    if (seed == 5) both.reserve(ids_max / 2);
    for (int moves = 0; moves < 40 && !::testing::Test::HasFatalFailure(); ++moves) {
      switch (both.below(6)) {
        case 0:
          both.forget_newest(both.below(50));
          break;
        case 1:
          both.forget_oldest(both.below(ids_max + 1));
          break;
        default:
          both.add(both.below(ids_max / 2 + 50));
      }
      both.check();
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Sizes, CommandWindow, ::testing::Values(1, 5, 100, 4095, 4096, 4097, 9000),
                         [](const auto& of) { return std::to_string(of.param); });

TEST(CommandWindowOfMany, P8_HoldsWhatWasAddedWhileItsTableGrows) {
  window_and_list both(200'000, 1);
  both.add(300'000);
  both.check();
}

TEST(CommandWindowOfNone, RemembersNothing) {
  journal_limits limits;
  limits.command_ids_max = 0;
  persistence::command_window none(limits);
  none.reserve(10);
  const command_id id{unique_id{1, 2}};
  none.add(id, {});
  EXPECT_FALSE(none.find(id));
}

}  // namespace
}  // namespace fasti::test
