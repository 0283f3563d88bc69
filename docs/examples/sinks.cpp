// Events for places outside: a table in SQLite, letters that are sent.
#include <fasti/sqlite.hpp>

#include <map>

#include "library.hpp"

namespace library {
namespace {

// [table]
struct lendings {
  static constexpr auto name = "lendings";
  using events = fasti::types<Lent, Returned>;

  static void create(fasti::sqlite::database& in) {
    in.run("create table lendings(book text primary key, member text, due_day integer)");
  }
  static void drop(fasti::sqlite::database& in) { in.run("drop table lendings"); }

  void apply(Lent::Reader e, const fasti::recorded_event& at, fasti::sqlite::database& to) {
    to.run("insert into lendings values(?1, ?2, ?3)", at.key(), e.getMember(), e.getDueDay());
  }
  void apply(Returned::Reader, const fasti::recorded_event& at, fasti::sqlite::database& to) {
    to.run("delete from lendings where book = ?1", at.key());
  }
};
// [/table]

// [busiest]
struct busiest : lendings {
  static constexpr auto name = "busiest";
  using events = fasti::types<Lent>;
  static void create(fasti::sqlite::database& in) {
    in.run("create table busiest(member text primary key, books integer)");
  }
  void apply(Lent::Reader e, const fasti::recorded_event&, fasti::sqlite::database& to) {
    const auto known = to.query<int>("select books from busiest where member = ?1", e.getMember());
    const int books = known.empty() ? 0 : std::get<0>(known.front());
    to.run("insert or replace into busiest values(?1, ?2)", e.getMember(), books + 1);
  }
};
// [/busiest]

using GuideSinks = OnDisk;

TEST_F(GuideSinks, P9_ATableInSqlite) {
  fasti::testing::runtime_in_memory<book> rt;
  acquire(*rt, "book-solaris", "Solaris");
  const auto file = in_folder("reports.db");
  // [add]
  auto reports = fasti::sqlite::sink_of<lendings>({.path = file});
  ASSERT_TRUE(reports) << reports.error().to_string();
  ASSERT_TRUE(rt->add_sink(*std::move(reports)));  // follows from now on, also what was before

  auto lent = lend(*rt, "book-solaris", "ada");
  ASSERT_TRUE(rt->wait_for_sink("lendings", lent.position, 10s));  // read your own write
  // [/add]
  ASSERT_TRUE(rt->add_sink(*fasti::sqlite::sink_of<busiest>({.path = in_folder("more.db")})));
  ASSERT_TRUE(rt->wait_for_sink("busiest", lent.position, 10s));
  // [status]
  auto status = rt->stats().sinks.at(1);
  EXPECT_EQ(status.name, "lendings");
  EXPECT_EQ(status.checkpoint, lent.position);
  EXPECT_FALSE(status.stopped);  // else: why, and where
  // [/status]
  ASSERT_TRUE(rt->close());
  // [anew]
  ASSERT_TRUE(fasti::sqlite::start_over<lendings>({.path = file}));
  // [/anew]
}

struct post_office {  // it sends nothing twice under one key
  std::map<fasti::unique_id, std::string> sent;
  std::optional<fasti::checkpoint> checkpoint;
};

// [letters]
class letters final : public fasti::sink {
 public:
  explicit letters(post_office& by) : by_(by) {}

  std::string name() const override { return "letters"; }
  fasti::event_filter only() const override { return {.types = {fasti::type_id_of<Lent>}}; }

  fasti::result<std::optional<fasti::checkpoint>> reached() override { return by_.checkpoint; }
  fasti::result<void> take(const fasti::event_batch& batch) override {
    for (const auto& e : batch) {
      fasti::body_reader body(e.body);
      by_.sent[e.id] = "dear " + std::string(body.root<Lent>().getMember());
    }
    by_.checkpoint = batch.up_to();
    return {};
  }

 private:
  post_office& by_;
};
// [/letters]

TEST_F(GuideSinks, P9_LettersThatAreSentAtLeastOnce) {
  post_office office;
  fasti::testing::runtime_in_memory<book> rt;
  // [send]
  ASSERT_TRUE(rt->add_sink(std::make_unique<letters>(office),
                           {.on_failure = {.retries_max = 10, .backoff = 1s}}));
  // [/send]
  acquire(*rt, "book-solaris", "Solaris");
  const auto lent = lend(*rt, "book-solaris", "ada");
  ASSERT_TRUE(rt->wait_for_sink("letters", lent.position, 60s));
  ASSERT_TRUE(rt->close());
  ASSERT_EQ(office.sent.size(), 1U);
  EXPECT_EQ(office.sent.begin()->second, "dear ada");
}

}  // namespace
}  // namespace library
