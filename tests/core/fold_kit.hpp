#pragma once
/// The view "balances" over a journal and a store in memory, in one thread; the store fails as the
/// test wants.

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "ledger.hpp"
#include "persistence/memory_journal.hpp"
#include "persistence/memory_stores.hpp"
#include "persistence/views_over.hpp"
#include "runtime/core/projection_machine.hpp"

namespace fasti::test {

using namespace std::chrono_literals;

/// Its root points to where nothing is.
inline void damage_message(std::string& row) {
  constexpr std::uint64_t astray = 0x0000'ffff'7fff'fff0;
  std::memcpy(row.data(), &astray, sizeof astray);
}

/// Says where its views are, and cannot read them.
class unreadable_views final : public persistence::views_over {
 public:
  unreadable_views(std::shared_ptr<const view_reader> under, error why)
      : views_over(std::move(under)), why_(std::move(why)) {}

  result<std::optional<std::string>> row(std::string_view, std::string_view) const override {
    return why_;
  }
  result<void> scan(std::string_view, const key_range&, const row_visitor&) const override {
    return why_;
  }
  result<void> write(std::string_view, const view_batch&) override { return why_; }
  result<void> clear(std::string_view) override { return why_; }
  std::shared_ptr<const view_reader> snapshot() const override { return nullptr; }

 private:
  const error why_;
};

/// A store in memory that fails, or ends like a killed process: from some change on it takes none.
class moody_views final : public persistence::views_over {
 public:
  explicit moody_views(std::shared_ptr<view_store> under)
      : views_over(under), under_(std::move(under)) {}

  result<std::optional<std::string>> row(std::string_view view,
                                         std::string_view key) const override {
    if (reads_fail) return *reads_fail;
    ++reads;
    return views_over::row(view, key);
  }
  result<void> write(std::string_view view, const view_batch& batch) override {
    if (before_write) {
      if (auto may = before_write(view); !may) return may;
    }
    if (auto may = change(); !may) return may;
    return under_->write(view, batch);
  }
  result<void> clear(std::string_view view) override {
    if (auto may = change(); !may) return may;
    return under_->clear(view);
  }
  std::shared_ptr<const view_reader> snapshot() const override {
    if (reads_fail) return std::make_shared<unreadable_views>(under_->snapshot(), *reads_fail);
    return under_->snapshot();
  }

  std::optional<error> reads_fail;
  std::optional<error> writes_fail;
  std::function<result<void>(std::string_view view)> before_write;
  std::uint64_t changes_left = std::numeric_limits<std::uint64_t>::max();
  mutable int reads = 0;

 private:
  result<void> change() {
    if (writes_fail) return *writes_fail;
    if (changes_left == 0) return error{errc::unavailable, "killed", "as the test wants"};
    --changes_left;
    return {};
  }

  const std::shared_ptr<view_store> under_;
};

/// Rows of a view by key, without what is fasti's own.
using shown_rows = std::map<std::string, std::pair<std::int64_t, std::uint64_t>>;

[[nodiscard]] inline shown_rows rows_of(const view_reader& in, const std::string& name) {
  shown_rows all;
  core::stored_rows(in, name).scan({}, [&all](std::string_view key, body_view words) {
    body_reader reader(words);
    const auto row = reader.root<Balance>();
    all[std::string(key)] = {row.getCents(), row.getEntries()};
    return true;
  });
  return all;
}

class FoldTest : public ::testing::Test {
 protected:
  using clock = core::projection_machine::clock;
  using answers = std::vector<result<fasti::detail::view_words>>;

  FoldTest() {
    options.log = [](log_level, std::string_view) {};
    options.clock = [this] { return time_of_day; };
    journal = persistence::make_memory_journal(options);
    start();
  }

  /// As after the end of the process.
  void start() {
    machine = std::make_unique<core::projection_machine>(
        core::projection_surroundings{port, *journal, store, options, run_each}, how);
    const auto opened = machine->open();
    ASSERT_TRUE(opened) << opened.error().to_string();
  }

  void put(std::string_view stream, type_id type, std::vector<word> body) {
    commit c;
    c.origin.id = command_id::generate();
    c.parts.push_back({*stream_id::parse(stream), expected_version::any(), 1});
    c.events.push_back({type, static_cast<std::uint32_t>(body.size())});
    c.bodies = std::move(body);
    const auto done = append_and_wait(*journal, std::move(c));
    ASSERT_TRUE(done) << done.error().to_string();
  }
  void deposited(std::string_view stream, std::int64_t cents) {
    put(stream, type_id_of<Deposited>, build<Deposited>([cents](auto e) { e.setCents(cents); }));
  }
  void withdrawn(std::string_view stream, std::int64_t cents, const char* note = "") {
    put(stream, type_id_of<Withdrawn>, build<Withdrawn>([&](auto e) {
          e.setCents(cents);
          e.setNote(note);
        }));
  }

  /// Steps until there is nothing to do at that time.
  void fold() {
    for (int steps = 0; machine->wants_step(journal->head(), now); ++steps) {
      ASSERT_LT(steps, 10'000) << "it does not come to an end";
      machine->step(journal->head(), now);
    }
    machine->answer_waiting(now);
  }
  [[nodiscard]] std::shared_ptr<answers> ask(const char* account, std::uint64_t visible_at = 0,
                                             std::chrono::milliseconds timeout = 1h) {
    auto got = std::make_shared<answers>();
    core::view_query q;
    q.type = type_id_of<GetBalance>;
    q.body = build<GetBalance>([account](auto b) { b.setAccount(account); });
    q.visible_at = position{visible_at};
    q.deadline = now + timeout;
    q.reply = std::make_unique<core::view_reply>(
        [got](result<fasti::detail::view_words> r) { got->push_back(std::move(r)); });
    machine->on_query(std::move(q));
    return got;
  }
  [[nodiscard]] std::int64_t balance(const char* account) {
    const auto got = ask(account);
    return got->size() == 1 && got->front() ? owned<Balance>(got->front()->words)->getCents() : -1;
  }
  [[nodiscard]] shown_rows rows() const { return rows_of(*kept, machine->serving().name()); }
  /// What a view shows that is folded from the beginning by a program without faults.
  [[nodiscard]] shown_rows folded_anew() {
    const auto fresh = persistence::make_memory_views();
    core::projection_machine other({port, *journal, *fresh, options, run_each}, how);
    EXPECT_TRUE(other.open());
    while (other.wants_step(journal->head(), now)) other.step(journal->head(), now);
    return rows_of(*fresh, other.serving().name());
  }

  fasti::detail::projection_port port = fasti::detail::port_of_projection<balances>();
  runtime_options options{.queries_waiting_max = 2,
                          .projection_batch_events = 4,
                          .view_bytes_kept_max = 1000};  // some five rows
  projection_options how;
  core::run_each_function run_each;
  std::unique_ptr<fasti::journal> journal;
  std::shared_ptr<view_store> kept = persistence::make_memory_views();
  moody_views store{kept};
  std::unique_ptr<core::projection_machine> machine;
  clock::time_point now{};
  timestamp time_of_day{3s};
};

}  // namespace fasti::test
