// Opening: what is refused, and what is said then.

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;
namespace fs = std::filesystem;

class Open : public ledger_test {
 protected:
  [[nodiscard]] static error refusal(runtime_options o) {
    auto rt = runtime::open<ledger, balances>(std::move(o));
    return rt ? error{errc::invalid, "it opened", ""} : rt.error();
  }
};

TEST_F(Open, AMissingJournalIsRefusedUnlessItIsToBeMade) {
  auto o = options();
  o.when_missing = when_missing::refuse;
  EXPECT_EQ(refusal(o).code, errc::invalid);
  EXPECT_FALSE(fs::exists(o.path)) << "a refusal leaves nothing behind";
  { auto rt = open(); }
  EXPECT_TRUE((runtime::open<ledger, balances>(o).has_value()));
}

TEST_F(Open, ADirectoryOfSomebodyElsesFilesIsRefused) {
  fs::create_directories(options().path);
  std::ofstream(options().path + "/holiday.txt") << "pictures";
  EXPECT_EQ(refusal(options()).code, errc::invalid);
}

TEST_F(Open, AnEmptyPathIsRefused) {
  auto o = options();
  o.path.clear();
  EXPECT_EQ(refusal(o).reason, "no-path");
}

TEST_F(Open, P7_OpeningTwiceIsRefusedAndDisturbsNobody) {
  auto rt = open();
  const auto why = refusal(options());
  EXPECT_EQ(why.code, errc::unavailable) << why.to_string();
  fs::create_directory_symlink(options().path, dir_ / "alias");
  auto alias = options();
  alias.path = dir_ / "alias";
  EXPECT_EQ(refusal(alias).code, errc::unavailable) << "nor by another spelling";
  EXPECT_TRUE(deposit(rt, "ledger-a", 1).has_value());
  ASSERT_TRUE(rt.close().has_value());
  auto next = open();
  EXPECT_EQ(state_balance(next, "ledger-a"), 1);
}

TEST_F(Open, ViewsOfAnotherJournalAreRefused) {
  auto other = options();
  other.path = dir_ / "other";
  {
    auto mine = open();
    static_cast<void>(deposit(mine, "ledger-a", 1));
    static_cast<void>(view_balance(mine, "a"));
    auto theirs = open(other);
    static_cast<void>(deposit(theirs, "ledger-b", 2));
    static_cast<void>(view_balance(theirs, "b"));
  }
  fs::remove_all(options().path + "/views");
  fs::copy(other.path + "/views", options().path + "/views", fs::copy_options::recursive);
  const auto why = refusal(options());
  EXPECT_EQ(why.code, errc::invalid) << why.to_string();
  fs::remove_all(options().path + "/views");
  auto rt = open();
  EXPECT_EQ(view_balance(rt, "a"), 1) << "without them they are folded again";
}

TEST_F(Open, AViewThatIsAheadOfItsJournalIsRefused) {
  const auto copy = dir_ / "copy";
  {
    auto rt = open();
    static_cast<void>(deposit(rt, "ledger-a", 1));
  }
  fs::copy(options().path, copy, fs::copy_options::recursive);
  {
    auto rt = open();
    for (int i = 0; i < 5; ++i) static_cast<void>(deposit(rt, "ledger-a", 1));
    static_cast<void>(view_balance(rt, "a"));
  }
  fs::remove_all(copy + "/views");
  fs::copy(options().path + "/views", copy + "/views", fs::copy_options::recursive);
  auto o = options();
  o.path = copy;
  EXPECT_EQ(refusal(o).reason, "checkpoint-ahead");
}

TEST_F(Open, NamesAreTakenOnce) {
  auto rt = open();
  EXPECT_EQ(rt.add<ledger>().error().reason, "category-taken");
  EXPECT_EQ(rt.add<balances>().error().reason, "name-taken");
  EXPECT_TRUE(deposit(rt, "ledger-a", 1).has_value());
}

struct dashed : ledger {
  static constexpr auto category = "led-ger";
};
struct nameless : ledger {
  static constexpr auto category = "";
};

TEST_F(Open, MalformedCategoriesAreRefused) {
  EXPECT_EQ(runtime::open<dashed>(options()).error().reason, "malformed-category");
  EXPECT_EQ(runtime::open<nameless>(options()).error().reason, "malformed-category");
  EXPECT_TRUE((runtime::open<ledger, balances>(options()).has_value())) << "nothing stays locked";
}

TEST_F(Open, AProjectionThatIsAddedLateFoldsFromTheStart) {
  auto rt = *runtime::open<ledger>(options());
  for (int i = 0; i < 10; ++i) static_cast<void>(deposit(rt, "ledger-a", 1));
  ASSERT_TRUE(rt.add<balances>().has_value());
  EXPECT_EQ(view_balance(rt, "a"), 10);
}

struct forgetful : ledger {
  using events = types<Withdrawn>;
};

TEST_F(Open, AProgramThatForgotAnEventTypeIsToldWhichOne) {
  {
    auto rt = open();
    static_cast<void>(deposit(rt, "ledger-a", 1));
  }
  auto rt = *runtime::open<forgetful>(options());
  const auto r = deposit(rt, "ledger-a", 1);
  ASSERT_FALSE(r.has_value());
  EXPECT_EQ(r.error().code, errc::corrupt) << r.error().to_string();
  EXPECT_NE(r.error().detail.find("ledger-a"), std::string::npos) << r.error().detail;
}

TEST_F(Open, StatsTellWhatThereIs) {
  auto rt = open();
  const auto r = deposit(rt, "ledger-a", 1);
  static_cast<void>(deposit(rt, "ledger-b", 1));
  static_cast<void>(view_balance(rt, "a"));
  const auto s = rt.stats();
  EXPECT_EQ(s.journal.head, position{2});
  EXPECT_EQ(s.aggregates_live, 2U);
  EXPECT_EQ(s.commands_in_flight, 0U);
  ASSERT_EQ(s.projections.size(), 1U);
  EXPECT_EQ(s.projections[0].name, "balances");
  EXPECT_EQ(s.projections[0].checkpoint, position{2});
}

std::set<std::string> names_of_threads() {
  std::set<std::string> names;
  for (const auto& thread : fs::directory_iterator("/proc/self/task")) {
    std::ifstream comm(thread.path() / "comm");
    std::string name;
    if (std::getline(comm, name)) names.insert(name);
  }
  return names;
}

TEST_F(Open, ItsThreadsSayWhatTheyAre) {
  auto rt = open();
  std::set<std::string> missing;
  do {  // each says it when it begins
    const auto there = names_of_threads();
    missing.clear();
    for (const auto* name : {"fasti.actors", "fasti.commit", "fasti.place", "fasti.index",
                             "fasti.compact", "fasti.reader", "fasti.ticker"}) {
      if (!there.contains(name)) missing.insert(name);
    }
    std::this_thread::yield();
  } while (!missing.empty());
}

TEST_F(Open, ARuntimeCanBeMoved) {
  auto first = open();
  static_cast<void>(deposit(first, "ledger-a", 1));
  runtime second = std::move(first);
  EXPECT_EQ(state_balance(second, "ledger-a"), 1);
  auto o = options();
  o.path = dir_ / "other";
  second = open(o);  // closes what it was
  EXPECT_EQ(state_balance(second, "ledger-a"), 0);
  auto again = open();
  EXPECT_EQ(state_balance(again, "ledger-a"), 1);
}

}  // namespace
