// A disk that takes nothing any more, while a runtime is at work: the system refuses to let any
// file of this process grow. Its senders hear what is certain, and what is not.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <map>

#include "fasti/runtime.hpp"
#include "ledger.hpp"
#include "temp_dir.hpp"
#include "tests/samples/comes_true.hpp"

namespace fasti::test {
namespace {

/// Every write fails (EFBIG) while it lives.
class no_file_grows {
 public:
  no_file_grows() {
    std::signal(SIGXFSZ, SIG_IGN);  // or the process would end at the first write
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit none{0, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  }
  no_file_grows(const no_file_grows&) = delete;
  no_file_grows& operator=(const no_file_grows&) = delete;
  ~no_file_grows() { EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0); }

 private:
  rlimit before_{};
};

class FailingDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    auto rt = runtime::open<ledger>({.path = dir_ / "journal",
                                     .when_missing = when_missing::create,
                                     .worker_threads = 2,
                                     .log = [](log_level, std::string_view) {}});
    ASSERT_TRUE(rt.has_value()) << rt.error().to_string();
    rt_ = *std::move(rt);
    ASSERT_TRUE(draw("first", 0).has_value());
  }

  /// A deposit of 1 cent under that name; or a draw, which is told what is left.
  result<receipt> deposit(const std::string& name) {
    return rt_
        ->send<Deposit>("ledger-a", [](auto c) { c.setCents(1); }, {.id = command_id::of(name)})
        .get();
  }
  result<replied<Drawn>> draw(const std::string& name, std::int64_t cents) {
    return rt_
        ->send<ledger, Draw>("ledger-a", [cents](auto c) { c.setCents(cents); },
                             {.id = command_id::of(name)})
        .get();
  }
  std::int64_t balance() {
    const auto b = rt_->query<ledger, GetBalance>("ledger-a", [](auto) {}).get();
    EXPECT_TRUE(b.has_value()) << b.error().to_string();
    return b ? (*b)->getCents() : -1;
  }

  const temp_dir dir_;
  std::optional<runtime> rt_;
};

TEST_F(FailingDisk, P2_P8_P12_SendersAreToldUnknownAndTheSameIdResolvesIt) {
  ASSERT_TRUE(deposit("before").has_value());
  {
    const no_file_grows full;
    const auto caught = deposit("caught");
    ASSERT_FALSE(caught.has_value());
    EXPECT_EQ(caught.error().code, errc::unknown) << caught.error().to_string();
    EXPECT_EQ(caught.error().reason, "storage-failed");
    const auto late = deposit("late");
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().code, errc::unavailable) << late.error().to_string();
    EXPECT_EQ(late.error().reason, "journal-stopped") << "it is certain that this is not stored";
    EXPECT_EQ(balance(), 1) << "what is not durable is not shown";
  }
  std::optional<receipt> resolved;
  ASSERT_TRUE(comes_true([&] {
    auto told = deposit("caught");
    if (told) resolved = *std::move(told);
    return resolved.has_value();
  }));
  EXPECT_EQ(deposit("caught")->position, resolved->position);
  EXPECT_EQ(balance(), 2) << "once, whether it had been stored or not";
  const auto drawn = draw("drawn", 1);
  ASSERT_TRUE(drawn.has_value()) << drawn.error().to_string();
  EXPECT_EQ(drawn->reply->getLeft(), 1);
  EXPECT_EQ(rt_->journal().head(), position{3});
}

TEST_F(FailingDisk, P1_P8_P12_WhatIsToldInAStormOfFailuresIsTrue) {
  constexpr int failures = 5;
  std::vector<std::future<result<receipt>>> sent;
  const auto send_many = [&] {
    for (int i = 0; i < 300; ++i) {
      const auto n = sent.size();
      sent.push_back(rt_->send<Deposit>("ledger-" + std::to_string(n % 7),
                                        [](auto c) { c.setCents(1); },
                                        {.id = command_id::of("storm-" + std::to_string(n))}));
    }
  };
  const auto is_back = [this](int failure) {
    return comes_true([&] { return deposit("probe-" + std::to_string(failure)).has_value(); });
  };
  for (int failure = 0; failure < failures; ++failure) {
    ASSERT_TRUE(is_back(failure));
    const auto first = sent.size();
    send_many();
    sent[first].wait();  // the others are on their way
    const no_file_grows full;
    send_many();
    sent.back().wait();
  }
  const auto name = [](std::size_t n) { return command_id::of("storm-" + std::to_string(n)); };
  ASSERT_TRUE(is_back(failures));
  std::map<errc, int> refused;
  int stored = 0;
  for (std::size_t n = 0; n < sent.size(); ++n) {
    const auto told = sent[n].get();
    const bool is_there = rt_->journal().find_command(name(n)).has_value();
    stored += is_there ? 1 : 0;
    if (!told) ++refused[told.error().code];
    if (told) {
      EXPECT_TRUE(is_there) << "P1: acknowledged and lost: " << n;
    } else if (told.error().code != errc::unknown) {
      EXPECT_FALSE(is_there) << "P12: said not to be stored, and is: " << n << ", "
                             << told.error().to_string();
    }
  }
  EXPECT_GT(stored, 0);
  EXPECT_GT(refused[errc::unknown], 0);
  EXPECT_GT(refused[errc::unavailable], 0);
  for (std::size_t n = 0; n < sent.size(); ++n) {
    const auto told = rt_->send<Deposit>("ledger-" + std::to_string(n % 7),
                                         [](auto c) { c.setCents(1); }, {.id = name(n)})
                          .get();
    ASSERT_TRUE(told.has_value()) << told.error().to_string();
  }
  EXPECT_EQ(count_of(rt_->journal().head()), sent.size() + failures + 1)
      << "each once, and the probes";
}

}  // namespace
}  // namespace fasti::test
