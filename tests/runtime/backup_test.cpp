// A backup of a runtime at work, and a runtime on what was restored.

#include "fasti/backup.hpp"

#include "tests/runtime/ledger_kit.hpp"

namespace {

using namespace fasti;
using namespace fasti::test;

class BackupOfARuntime : public ledger_test {};

TEST_F(BackupOfARuntime, GoesOnElsewhereAsIfNothingHadBeen) {
  const auto id = command_id::of("pay once");
  const auto file = dir_ / "copy.fastiarc";
  archive_summary made;
  {
    auto rt = open();
    for (int i = 0; i < 50; ++i) static_cast<void>(deposit(rt, "ledger-a", 10));
    static_cast<void>(deposit(rt, "ledger-b", 7, {.id = id}));
    const auto summary = back_up(rt.journal(), file);
    ASSERT_TRUE(summary.has_value()) << summary.error().to_string();
    made = *summary;
    static_cast<void>(deposit(rt, "ledger-a", 1'000));  // after the backup: not in it
  }
  EXPECT_EQ(made.events, 51U);
  ASSERT_TRUE(verify_backup(file).has_value());
  auto o = options();
  o.path = dir_ / "elsewhere";
  ASSERT_TRUE(restore(file, o.path).has_value());
  auto rt = open(o);
  EXPECT_EQ(rt.journal().head(), made.last);
  EXPECT_EQ(state_balance(rt, "ledger-a"), 500);
  EXPECT_EQ(view_balance(rt, "b"), 7) << "views are made again";
  const auto again = deposit(rt, "ledger-b", 7, {.id = id});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->what, committed::kind::repeat) << "P8 holds over a restore";
}

TEST_F(BackupOfARuntime, AJournalInMemoryHasNone) {
  auto o = options();
  o.storage = storage::memory;
  auto rt = open(o);
  EXPECT_EQ(back_up(rt.journal(), dir_ / "copy").error().reason, "no-archive");
}

}  // namespace
