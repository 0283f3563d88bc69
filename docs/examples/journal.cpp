// The journal on the disk: opened, read, backed up, restored, truncated.
#include <fasti/backup.hpp>

#include "library.hpp"

namespace library {
namespace {

using GuideJournal = OnDisk;

TEST_F(GuideJournal, IsMadeOnlyWhenThatIsSaid) {
  // [open]
  auto mistyped = fasti::runtime::open<book, member>({.path = in_folder("libary.fasti")});
  EXPECT_EQ(mistyped.error().code, fasti::errc::invalid);

  auto rt = fasti::runtime::open<book, member>(
      {.path = in_folder("library.fasti"), .when_missing = fasti::when_missing::create});
  ASSERT_TRUE(rt) << rt.error().to_string();

  auto second = fasti::runtime::open<book, member>({.path = in_folder("library.fasti")});
  EXPECT_EQ(second.error().code, fasti::errc::unavailable);  // it has one owner
  // [/open]
  // [close]
  EXPECT_TRUE(rt->close());
  // [/close]
}

TEST_F(GuideJournal, IsReadInOrder) {
  fasti::testing::runtime_in_memory<book, member> rt;
  acquire(*rt, "book-solaris", "Solaris");
  good(rt->send<Join>("member-ada", [](auto) {}));
  lend(*rt, "book-solaris", "ada");
  // [read]
  std::vector<std::string> told;
  auto looked_at = rt->journal().read(
      {.after = fasti::no_position,
       .categories = {"book"},
       .types = {fasti::type_id_of<Lent>, fasti::type_id_of<Returned>}},
      [&](const fasti::recorded_event& e) {  // `e` lives as long as this call
        fasti::body_reader body(e.body);
        if (e.type == fasti::type_id_of<Lent>) {
          told.push_back(std::string(e.key()) + " to " + body.root<Lent>().getMember().cStr());
        }
        return fasti::visit::more;
      });
  EXPECT_EQ(told, std::vector<std::string>{"solaris to ada"});
  EXPECT_EQ(*looked_at, fasti::position{3});  // go on behind it the next time
  // [/read]
  // [read-stream]
  auto version = rt->journal().read_stream(*fasti::stream_id::parse("book-solaris"),
                                           {.events_max = 1, .order = fasti::direction::backwards},
                                           [](const auto& newest) {
                                             EXPECT_EQ(newest.version, fasti::version{2});
                                             return fasti::visit::more;
                                           });
  // [/read-stream]
  EXPECT_TRUE(version);
}

TEST_F(GuideJournal, IsBackedUpWhileItIsInUse) {
  auto rt = *fasti::runtime::open<book>(
      {.path = in_folder("library.fasti"), .when_missing = fasti::when_missing::create});
  acquire(rt, "book-solaris", "Solaris");
  // [backup]
  auto monday = fasti::back_up(rt.journal(), in_folder("monday.fastiarc"));
  ASSERT_TRUE(monday) << monday.error().to_string();
  lend(rt, "book-solaris", "ada");  // commands go on
  auto tuesday = fasti::back_up(rt.journal(), in_folder("tuesday.fastiarc"), monday->last);
  ASSERT_TRUE(tuesday);
  EXPECT_TRUE(fasti::verify_backup(in_folder("tuesday.fastiarc")));
  // [/backup]
  ASSERT_TRUE(rt.close());
  // [restore]
  ASSERT_TRUE(fasti::restore(in_folder("monday.fastiarc"), in_folder("restored.fasti")));
  ASSERT_TRUE(fasti::import_archive(in_folder("tuesday.fastiarc"), in_folder("restored.fasti")));

  auto again = fasti::runtime::open<book>({.path = in_folder("restored.fasti")});
  EXPECT_EQ(again->state_of<book>("book-solaris")->state.holder, "ada");
  // [/restore]
}

TEST_F(GuideJournal, LosesItsOldestEventsOnlyBehindASnapshot) {
  auto rt = *fasti::runtime::open<book>({.path = in_folder("library.fasti"),
                                         .when_missing = fasti::when_missing::create,
                                         .snapshot_every_events = 5});
  acquire(rt, "book-solaris", "Solaris");
  for (const auto* who : {"ada", "ben", "cy"}) {
    lend(rt, "book-solaris", who);
    take_back(rt, "book-solaris");
  }
  ASSERT_TRUE(comes_true([&] { return rt.stats().snapshots_saved == 1; }));  // at version 5
  // [truncate]
  auto too_much = rt.truncate("book-solaris", fasti::version{6}, "kept for a year");
  EXPECT_EQ(too_much.error().reason, "no-snapshot");  // the newest one is of version 5

  auto cut = rt.truncate("book-solaris", fasti::version{4}, "kept for a year");
  ASSERT_TRUE(cut) << cut.error().to_string();
  EXPECT_EQ(rt.state_of<book>("book-solaris")->state.loans, 3U);  // the state is the same …
  EXPECT_EQ(rt.state_of<book>("book-solaris", {.version = fasti::version{2}}).error().reason,
            "truncated");  // … and the past before it is gone
  // [/truncate]
}

}  // namespace
}  // namespace library
