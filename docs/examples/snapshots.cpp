// When a snapshot is saved, and what it is good for.
#include "library.hpp"

namespace library {
namespace {

void lend_and_take_back(fasti::runtime& rt, const char* name, int times) {
  for (int i = 0; i < times; ++i) {
    lend(rt, name, "ada");
    take_back(rt, name);
  }
}

using GuideSnapshots = OnDisk;

TEST_F(GuideSnapshots, SpareTheReplay) {
  // [every]
  fasti::runtime_options options{.path = in_folder("library.fasti"),
                                 .when_missing = fasti::when_missing::create,
                                 .snapshot_every_events = 10};
  // [/every]
  {
    auto rt = fasti::runtime::open<book>(options);
    ASSERT_TRUE(rt) << rt.error().to_string();
    acquire(*rt, "book-solaris", "Solaris");
    lend_and_take_back(*rt, "book-solaris", 11);  // 23 events: snapshots at 10 and 20
    ASSERT_TRUE(comes_true([&] { return rt->stats().snapshots_saved == 2; }));
  }
  // [recovered]
  auto rt = fasti::runtime::open<book>(options);
  lend(*rt, "book-solaris", "ben");  // the 24th event of the book
  EXPECT_EQ(rt->stats().snapshots_loaded, 1U);
  EXPECT_EQ(rt->stats().events_replayed, 3U);  // 21, 22, 23: what the snapshot at 20 lacks
  // [/recovered]
}

// [wish]
struct quiet_book : book {
  /// Asked after each commit: on the shelf, and worth it.
  bool wants_snapshot() const { return holder.empty() && loans % 5 == 0 && loans > 0; }
};
// [/wish]

TEST(GuideSnapshotsInMemory, AreTakenWhenTheDeciderSaysSo) {
  // [wished]
  fasti::testing::runtime_in_memory<quiet_book> rt({.snapshot_every_events = 0});
  // [/wished]
  acquire(*rt, "book-solaris", "Solaris");
  lend_and_take_back(*rt, "book-solaris", 11);
  EXPECT_TRUE(comes_true([&] { return rt->stats().snapshots_saved == 2; }));  // at 5 loans, at 10
}

TEST(GuideSnapshotsInMemory, AreTakenWhenTheTailIsLong) {
  // [bytes]
  fasti::testing::runtime_in_memory<book> rt(
      {.snapshot_every_events = 0, .snapshot_every_bytes = 4096, .snapshots_kept = 3});
  // [/bytes]
  for (int i = 0; i < 3; ++i) {
    const std::string title(4096, 'x');
    acquire(*rt, ("book-" + std::to_string(i)).c_str(), title.c_str());
  }
  EXPECT_TRUE(comes_true([&] { return rt->stats().snapshots_saved == 3; }));
}

struct other_book : book {
  using snapshot = Whereabouts;  // another shape, and so another type
  void save(Whereabouts::Builder s) const { s.setHolder(holder.c_str()); }
  void load(Whereabouts::Reader) {}
};

TEST_F(GuideSnapshots, OfAnotherTypeArePassedOver) {
  const fasti::runtime_options options{.path = in_folder("library.fasti"),
                                       .when_missing = fasti::when_missing::create,
                                       .snapshot_every_events = 10,
                                       .log = [](fasti::log_level, std::string_view) {}};
  {
    auto rt = *fasti::runtime::open<other_book>(options);
    acquire(rt, "book-solaris", "Solaris");
    lend_and_take_back(rt, "book-solaris", 6);
    ASSERT_TRUE(comes_true([&] { return rt.stats().snapshots_saved == 1; }));
  }
  auto rt = *fasti::runtime::open<book>(options);
  EXPECT_EQ(rt.state_of<book>("book-solaris")->state.title, "Solaris");
  lend(rt, "book-solaris", "ben");
  EXPECT_EQ(rt.stats().snapshots_loaded, 0U);
  EXPECT_EQ(rt.stats().events_replayed, 13U);
}

}  // namespace
}  // namespace library
