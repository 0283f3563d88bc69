#pragma once
/// The shared ledger behind the public API, on either storage, in words that read as the test does.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <thread>

#include "fasti/runtime.hpp"
#include "ledger.hpp"
#include "temp_dir.hpp"

namespace fasti::test {

inline constexpr auto answer_limit = std::chrono::seconds(60);

/// Looks again and again, without a sleep; false after a minute.
template <class Condition>
[[nodiscard]] bool comes_true(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + answer_limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// An answer that does not come fails the test instead of hanging it.
template <class T>
[[nodiscard]] result<T> answer_of(std::future<result<T>> future) {
  if (future.wait_for(answer_limit) != std::future_status::ready) {
    return error{errc::unknown, "no-answer", "the test has waited for a minute"};
  }
  return future.get();
}

[[nodiscard]] inline std::future<result<receipt>> start_deposit(runtime& rt,
                                                                std::string_view stream,
                                                                std::int64_t cents,
                                                                command_origin origin = {}) {
  return rt.send<Deposit>(
      stream, [cents](auto c) { c.setCents(cents); }, std::move(origin));
}
[[nodiscard]] inline result<receipt> deposit(runtime& rt, std::string_view stream,
                                             std::int64_t cents, command_origin origin = {}) {
  return answer_of(start_deposit(rt, stream, cents, std::move(origin)));
}
[[nodiscard]] inline result<receipt> withdraw(runtime& rt, std::string_view stream,
                                              std::int64_t cents, const std::string& note = {}) {
  return answer_of(rt.send<Withdraw>(stream, [&](auto c) {
    c.setCents(cents);
    c.setNote(note.c_str());
  }));
}
[[nodiscard]] inline result<receipt> misbehave(runtime& rt, std::string_view stream,
                                               Misbehave::How how) {
  return answer_of(rt.send<Misbehave>(stream, [how](auto c) { c.setHow(how); }));
}

/// Balance in the aggregate's state; -1 when it did not answer.
[[nodiscard]] inline std::int64_t state_balance(runtime& rt, std::string_view stream) {
  const auto b = answer_of(rt.query<ledger, GetBalance>(stream, [](auto) {}));
  EXPECT_TRUE(b.has_value()) << b.error().to_string();
  return b ? (*b)->getCents() : -1;
}

[[nodiscard]] inline result<owned<Balance>> view_row(runtime& rt, const std::string& key,
                                                     query_options options = {}) {
  return answer_of(
      rt.query<balances, GetBalance>([&](auto q) { q.setAccount(key.c_str()); }, options));
}
/// Balance in the view, with everything that is durable now; -1 when there is none.
[[nodiscard]] inline std::int64_t view_balance(runtime& rt, const std::string& key) {
  const auto b = view_row(rt, key, {.visible_at = rt.journal().head(), .timeout = answer_limit});
  return b ? (*b)->getCents() : -1;
}

/// What a fold of the journal by hand says, and whether it has a gap (P4).
struct journal_fold {
  std::map<std::string, std::int64_t, std::less<>> balances;   // by key
  std::map<std::string, std::uint64_t, std::less<>> versions;  // by stream
  std::map<std::string, int> commands;                         // how many events each
  std::uint64_t events = 0;
  std::string gap;
};

[[nodiscard]] inline journal_fold fold(const journal& j, position to = position{~0ULL}) {
  journal_fold f;
  journal_range range;
  range.to = to;
  auto read = j.read(range, [&](const recorded_event& e) {
    if (count_of(e.position) != ++f.events) f.gap = "position " + std::to_string(f.events);
    auto& v = f.versions[std::string(e.stream)];
    if (count_of(e.version) != ++v) f.gap = std::string(e.stream) + " " + std::to_string(v);
    ++f.commands[e.command.to_string()];
    body_reader body(e.body);
    auto& b = f.balances[std::string(e.key())];
    if (e.type == type_id_of<Deposited>) b += body.root<Deposited>().getCents();
    if (e.type == type_id_of<Withdrawn>) b -= body.root<Withdrawn>().getCents();
    return visit::more;
  });
  if (!read) f.gap = read.error().to_string();
  return f;
}

/// Somebody else, who does not ask the aggregate.
inline void deposit_past(journal& into, const stream_id& stream) {
  commit other;
  other.origin.id = command_id::generate();
  other.parts.push_back({stream, expected_version::any(), 1});
  other.bodies = build<Deposited>([](auto e) { e.setCents(1); });
  other.events.push_back({type_id_of<Deposited>, static_cast<std::uint32_t>(other.bodies.size())});
  EXPECT_TRUE(append_and_wait(into, std::move(other)));
}

/// Each time it decides, somebody else writes to its stream: it is overtaken whenever it commits.
struct jostled {
  static constexpr auto category = "jostled";
  using commands = types<Deposit>;
  using events = types<Deposited>;

  decision decide(Deposit::Reader c, emit& out, const command_context& at) const {
    ++decided;
    deposit_past(*into, at.stream);
    out.event<Deposited>().setCents(c.getCents());
    return accept();
  }
  void evolve(Deposited::Reader) {}

  static inline std::atomic<unsigned> decided{0};
  static inline journal* into = nullptr;
};

/// Options of a runtime under test: quiet, in a directory that goes with the test.
class ledger_test : public ::testing::Test {
 protected:
  [[nodiscard]] runtime_options options() const {
    runtime_options o;
    o.path = dir_ / "journal";
    o.when_missing = when_missing::create;
    o.worker_threads = 2;
    o.log = [log = log_](log_level, std::string_view line) {
      const std::lock_guard lock(log->mutex);
      log->lines.emplace_back(line);
    };
    return o;
  }
  [[nodiscard]] runtime open(runtime_options o) const {
    auto opened = runtime::open<ledger, balances>(std::move(o));
    if (!opened) throw std::runtime_error(opened.error().to_string());
    return *std::move(opened);
  }
  [[nodiscard]] runtime open() const { return open(options()); }
  [[nodiscard]] std::string logged() const {
    const std::lock_guard lock(log_->mutex);
    std::string all;
    for (const auto& line : log_->lines) all += line + "\n";
    return all;
  }

  temp_dir dir_;

 private:
  struct kept_log {
    std::mutex mutex;
    std::vector<std::string> lines;
  };
  std::shared_ptr<kept_log> log_ = std::make_shared<kept_log>();
};

/// … on both storages.
class both_storages : public ledger_test, public ::testing::WithParamInterface<storage> {
 protected:
  [[nodiscard]] runtime_options options() const {
    auto o = ledger_test::options();
    o.storage = GetParam();
    return o;
  }
  [[nodiscard]] runtime open() const { return ledger_test::open(options()); }
  using ledger_test::open;
};

[[nodiscard]] inline std::string storage_name(const ::testing::TestParamInfo<storage>& info) {
  return info.param == storage::leveldb ? "Leveldb" : "Memory";
}

}  // namespace fasti::test
