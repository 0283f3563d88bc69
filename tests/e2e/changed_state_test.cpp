// A program whose state's struct was changed, and not given a new id, on the journal of the one
// before.

#include <gtest/gtest.h>

#include "tests/samples/process.hpp"

namespace fasti::test {
namespace {

std::string count(const char* program, const std::string& directory, int what, int times,
                  int snapshots) {
  const auto done = run(
      {program, directory, std::to_string(what), std::to_string(times), std::to_string(snapshots)});
  EXPECT_EQ(done.exit_code, 0);
  return done.out + done.err;
}

TEST(ChangedState, P13_SnapshotsOfAStructThatHasChangedArePassedOverAndReplayedOnce) {
  const scratch_directory in;
  const auto journal = in / "tally.fasti";
  EXPECT_EQ(count(TALLY_BEFORE, journal, 7, 25, 2),
            "sum 175 times 25 snapshots_loaded 0 events_replayed 0\n");
  EXPECT_EQ(count(TALLY_BEFORE, journal, 7, 1, 0),
            "sum 182 times 26 snapshots_loaded 1 events_replayed 5\n");

  const auto passed_over = count(TALLY_AFTER, journal, 7, 1, 1);
  EXPECT_EQ(passed_over.substr(0, passed_over.find('\n') + 1),
            "sum 189 times 27 snapshots_loaded 0 events_replayed 26\n");
  EXPECT_NE(passed_over.find("snapshot of tally-a at version 20 passed over: its struct has "
                             "changed since it was saved"),
            std::string::npos)
      << passed_over;

  EXPECT_EQ(count(TALLY_AFTER, journal, 7, 1, 0),
            "sum 196 times 28 snapshots_loaded 1 events_replayed 0\n");
}

}  // namespace
}  // namespace fasti::test
