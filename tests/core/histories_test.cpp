// Generated histories of one aggregate — commands, repeats, crashes, passivations, snapshots,
// failing storage, somebody else in its stream — against a small model: the list of what is
// durable. A history that goes wrong is made as short as it can be and printed, with what repeats
// it.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/core/crashing_world.hpp"

namespace fasti::test {
namespace {

using core::aggregate_machine;

/// What happens next, in 16 bits: what is small is simple, so shrinking leads there.
struct step {
  enum class kind : std::uint8_t {
    deposit,
    withdraw,
    draw,
    ask,
    settle,
    load,
    passivate,
    crash,
    overtake,
    fail,
    refuse,
    load_fails
  };
  static constexpr unsigned kinds = 12;
  kind what;
  unsigned id;      // 0: one of its own; else one of a few, so that they meet again
  unsigned number;  // cents, or how many

  explicit step(std::uint16_t bits)
      : what(kind_of(bits % 64)), id(id_of((bits / 64) % 8)), number((bits / 512) % 8) {
    // Who repeats an id means the same command, as a rule.
    if (id == 0 || what > kind::draw || number == 0) return;
    what = static_cast<kind>(id - 1);
    number = 1;
  }

 private:
  /// Most are commands, a disk that works, and loads that succeed.
  static kind kind_of(unsigned n) {
    if (n < kinds) return static_cast<kind>(n);
    return static_cast<kind>((n - kinds) % 6);
  }
  static unsigned id_of(unsigned n) { return n < 5 ? 0 : n - 4; }
};

std::ostream& operator<<(std::ostream& out, const step& s) {
  static constexpr const char* names[] = {"deposit",  "withdraw", "draw",      "ask",
                                          "settle",   "load",     "passivate", "crash",
                                          "overtake", "fail",     "refuse",    "load fails"};
  return out << names[static_cast<unsigned>(s.what)] << " id " << s.id << " number " << s.number;
}

struct history {
  std::vector<std::uint16_t> steps;
};
// NOLINTNEXTLINE(readability-identifier-naming): RapidCheck looks for it
[[maybe_unused]] void showValue(const history& h, std::ostream& out) {
  for (const auto bits : h.steps) out << "\n  " << step(bits);
}

/// What was sent, and what came back.
struct sent_command {
  step what;
  command_id id;
  std::uint64_t acknowledged;  // the newest version that anybody had been told of when it was sent
  bool lost = false;           // its process ended
  bool not_stored = false;     // that is what it was told
  int answers = 0;
  std::optional<receipt> got = std::nullopt;
};

class lived_through : private core::way_back {
 public:
  lived_through() { begin_life(); }

  void run(const history& h) {
    for (const auto bits : h.steps) {
      take(step(bits));
      world_.time += std::chrono::milliseconds{30};
      take_back();
      if (!wrong.str().empty()) return;
    }
    world_.refuse = false;
    for (int i = 0; i < 8; ++i) {
      finish_load();
      world_.settle_all();
      take_back();
    }
    check_end();
  }
  std::ostringstream wrong;

 private:
  /// A load that was asked for by the life before is of no use to this one.
  void begin_life() {
    world_.loads.clear();
    machine_ = std::make_unique<aggregate_machine>(stream_id::of("ledger", "1"), decider_, world_,
                                                   core::snapshot_rhythm{.every_events = 3});
  }

  void take(const step& s) {
    taken_.insert(s.what);
    switch (s.what) {
      case step::kind::deposit:
        return send<Deposit>(s, std::nullopt);
      case step::kind::withdraw:
        return send<Withdraw>(s, std::nullopt);
      case step::kind::draw:
        return send<Draw>(s, type_id_of<Drawn>);
      case step::kind::ask:
        return ask();
      case step::kind::settle:
        return world_.settle(1 + s.number);
      case step::kind::load:
        return finish_load();
      case step::kind::passivate:
        if (machine_->waiting() == 0 && world_.queued() == 0) begin_life();
        return;
      case step::kind::crash:
        for (auto& c : sent_) c.lost = c.lost || c.answers == 0;
        world_.crash(s.number);
        back_.clear();
        return begin_life();
      case step::kind::overtake:
        if (s.number % 2 == 0) return world_.overtake();
        world_.overtake_and_tell();
        acknowledged_ = world_.durable.size();
        return;
      case step::kind::fail:
        return world_.fail_next(static_cast<crashing_world::failure>(s.number % 3));
      case step::kind::refuse:
        world_.refuse = s.number % 2 == 1;
        return;
      case step::kind::load_fails:
        if (world_.loads.empty()) return;
        world_.loads.erase(world_.loads.begin());
        return machine_->on_loaded(error{errc::corrupt, "unreadable", "as the test wants"});
    }
  }

  void again(core::incoming&& arrival, const error&) noexcept override {
    back_.push_back(std::move(arrival));
  }
  void take_back() {
    for (auto& arrival : std::exchange(back_, {})) machine_->on_arrival(std::move(arrival));
  }

  void finish_load() {
    if (world_.loads.empty()) return;
    if (world_.loads.front() == core::load_when::settled) world_.settle_all();
    world_.loads.erase(world_.loads.begin());
    machine_->on_loaded(world_.recovered_from_snapshot());
  }

  template <class Command>
  void send(const step& s, std::optional<type_id> reply) {
    const auto cents = static_cast<std::int64_t>(s.number);
    core::command_request asks{
        type_id_of<Command>, build<Command>([cents](auto c) { c.setCents(cents); }), {}};
    asks.reply = reply;
    asks.id_from = s.id == 0 ? core::id_origin::generated : core::id_origin::chosen;
    const auto at = sent_.size();
    const command_id id{unique_id{1, s.id == 0 ? 1000 + at : s.id}};
    asks.origin.id = id;
    sent_.push_back({s, id, acknowledged_});
    auto command = std::make_unique<core::incoming_command>(
        machine_->stream(), std::move(asks), [this, at](result<receipt> r) { hear(at, r); });
    command->may_go_again(*this, s.id % 3);
    machine_->on_arrival(std::move(command));
  }

  void ask() {
    machine_->on_arrival(std::make_unique<core::incoming_query>(
        type_id_of<GetBalance>, build<GetBalance>([](auto) {}), conditions{},
        [this, since = acknowledged_](const result<std::vector<word>>& r) {
          if (!r) return;
          const auto cents = owned<Balance>(*r)->getCents();
          if (!was_balance(since, [cents](std::int64_t b) { return b == cents; })) {
            wrong << "P2: an answer of " << cents << ", which was never durable since version "
                  << since;
          }
        }));
  }

  void hear(std::size_t at, const result<receipt>& r) {
    auto& c = sent_[at];
    if (c.lost) return;  // its sender is gone with the process
    if (++c.answers > 1) wrong << "P12: answered twice: " << c.what;
    if (r) {
      c.got = *r;
      check_receipt(c, *r);
      acknowledged_ = std::max(acknowledged_, count_of(r->version));
    } else {
      c.not_stored = r.error().code != errc::unknown;
      check_error(c, r.error());
    }
  }

  void check_receipt(const sent_command& c, const receipt& r) {
    const auto v = count_of(r.version);
    if (v > world_.durable.size()) {
      wrong << "P1: version " << v << " told before it is durable: " << c.what;
      return;
    }
    const bool draws = c.what.what == step::kind::draw;
    const auto left = draws && !r.reply.is_none() ? owned<Drawn>(r.reply.body)->getLeft() : -1;
    if (draws && left != balance_at(v)) wrong << "P1: a reply of " << left << " at version " << v;
    if (r.events == 0) {
      if (!draws || c.what.number != 0) wrong << "P1: nothing happened: " << c.what;
      return;
    }
    const auto& event = world_.durable[v - 1];
    const bool adds = c.what.what == step::kind::deposit;
    body_reader body(event.body);
    const auto cents = adds ? body.root<Deposited>().getCents() : body.root<Withdrawn>().getCents();
    if (event.type != (adds ? type_id_of<Deposited> : type_id_of<Withdrawn>) ||
        cents != static_cast<std::int64_t>(c.what.number)) {
      wrong << "P1: version " << v << " is not what it did: " << c.what;
    }
    const auto* effect = world_.effect_of(r.command);
    if (effect == nullptr || effect->outcome.version != r.version) {
      wrong << "P8: not the first outcome of its id: " << c.what;
    } else if (draws && world_.reply_of(effect->outcome) != r.reply) {
      wrong << "P8: not the first reply of its id: " << c.what;
    }
  }

  void check_error(const sent_command& c, const error& e) {
    const auto cents = static_cast<std::int64_t>(c.what.number);
    if (e.reason == "insufficient-funds") {
      if (!was_balance(c.acknowledged, [cents](std::int64_t b) { return b < cents; })) {
        wrong << "P2: rejected, though there always were the funds: " << c.what;
      }
    } else if (e.reason == "not-positive") {
      if (cents > 0) wrong << "P12: rejected as not positive: " << c.what;
    } else if (e.reason == "command-id-reused") {
      if (!has_other_payload(c)) wrong << "P8: nobody else used its id: " << c.what;
    } else if (!is_excused(e)) {
      wrong << "P12: " << e.to_string()
            << ", though nothing that leads to it went wrong: " << c.what;
    }
  }

  /// An error that a fault leads to, which there was.
  [[nodiscard]] bool is_excused(const error& e) const {
    using kind = step::kind;
    const auto was = [&](errc code, std::string_view reason, std::initializer_list<kind> faults) {
      return e.code == code && e.reason == reason &&
             std::any_of(faults.begin(), faults.end(), [&](kind k) { return taken_.contains(k); });
    };
    return was(errc::unavailable, "storage-failed", {kind::fail}) ||
           was(errc::unknown, "storage-failed", {kind::fail}) ||
           was(errc::unavailable, "queue-full", {kind::refuse}) ||
           was(errc::corrupt, "unreadable", {kind::load_fails}) ||
           was(errc::conflict, "version-conflict", {kind::overtake}) ||
           was(errc::conflict, "session-broken", {kind::fail, kind::overtake});
  }

  [[nodiscard]] bool has_other_payload(const sent_command& c) const {
    return std::any_of(sent_.begin(), sent_.end(), [&c](const sent_command& other) {
      return other.what.id == c.what.id &&
             (other.what.what != c.what.what || other.what.number != c.what.number);
    });
  }

  [[nodiscard]] std::int64_t balance_at(std::uint64_t version) const {
    std::int64_t sum = 0;
    for (std::uint64_t i = 0; i < version; ++i) {
      body_reader body(world_.durable[i].body);
      if (world_.durable[i].type == type_id_of<Deposited>) {
        sum += body.root<Deposited>().getCents();
      } else {
        sum -= body.root<Withdrawn>().getCents();
      }
    }
    return sum;
  }
  template <class Condition>
  [[nodiscard]] bool was_balance(std::uint64_t since, Condition&& holds) const {
    for (auto v = since; v <= world_.durable.size(); ++v) {
      if (holds(balance_at(v))) return true;
    }
    return false;
  }

  void check_refusals() {
    for (const auto& c : sent_) {
      const bool may_be_stored = std::any_of(sent_.begin(), sent_.end(), [&c](const auto& other) {
        return other.id == c.id && !other.not_stored;
      });
      if (!may_be_stored && world_.effect_of(c.id) != nullptr) {
        wrong << "P12: everybody was told that it is not stored, and it is: " << c.what;
      }
    }
  }

  /// Each durable event is what somebody sent, and no id had an effect twice.
  void check_effects() {
    std::set<command_id> seen;
    for (const auto& e : world_.durable) {
      if (e.command.is_none()) continue;
      if (!seen.insert(e.command).second) {
        wrong << "P8: two effects of " << e.command.to_string();
      }
      const bool adds = e.type == type_id_of<Deposited>;
      body_reader body(e.body);
      const auto cents =
          adds ? body.root<Deposited>().getCents() : body.root<Withdrawn>().getCents();
      const bool was_sent = std::any_of(sent_.begin(), sent_.end(), [&](const auto& c) {
        return c.id == e.command && (c.what.what == step::kind::deposit) == adds &&
               static_cast<std::int64_t>(c.what.number) == cents;
      });
      if (!was_sent) wrong << "P8: an event that nobody asked for, under " << e.command.to_string();
    }
  }

  [[nodiscard]] bool had_faults() const {
    using kind = step::kind;
    return std::any_of(taken_.begin(), taken_.end(), [](kind k) { return k >= kind::crash; });
  }

  void check_end() {
    check_refusals();
    check_effects();
    std::uint64_t newest = 0;
    for (const auto& c : sent_) {
      if (c.lost) continue;
      if (c.answers != 1) wrong << "P12: " << c.answers << " answers: " << c.what;
      if (!c.got || c.got->what != committed::kind::fresh || c.got->events == 0) continue;
      if (had_faults() && c.what.id % 3 > 0) continue;  // it may have been overtaken and come back
      if (count_of(c.got->position) <= newest) wrong << "P6: out of order: " << c.what;
      newest = count_of(c.got->position);
    }
    for (std::uint64_t v = 0; v <= world_.durable.size(); ++v) {
      if (balance_at(v) < 0) wrong << "P6: the balance is " << balance_at(v) << " at version " << v;
    }
    const auto bytes = [](const fasti::detail::aggregate_state& s) {
      message_scratch scratch;
      s.save(scratch.begin());
      std::vector<word> words;
      scratch.finish(words);
      return words;
    };
    if (bytes(*world_.recovered().state) != bytes(*world_.recovered_from_snapshot().state)) {
      wrong << "P13: snapshot and tail are not what a full replay gives";
    }
  }

  const fasti::detail::decider_port decider_ = fasti::detail::port_of_decider<ledger>();
  crashing_world world_{decider_};
  std::vector<sent_command> sent_;
  std::uint64_t acknowledged_ = 0;
  std::set<step::kind> taken_;
  std::vector<core::incoming> back_;
  std::unique_ptr<aggregate_machine> machine_;
};

/// One program each, so that they run side by side.
class Histories : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(, Histories, ::testing::Range(0, 4));

TEST_P(Histories, P1_P2_P6_P8_P12_P13_EachIsWhatTheModelSays) {
  // What is set outside counts: to repeat one, or for more of them.
  ::setenv("RC_PARAMS", "max_success=" FASTI_HISTORIES " max_size=200", 0);
  EXPECT_TRUE(rc::check("a history of one aggregate", [](const std::vector<std::uint16_t>& steps) {
    const history h{steps};
    lived_through life;
    life.run(h);
    if (life.wrong.str().empty()) return;
    std::ostringstream told;
    showValue(h, told);
    RC_FAIL(life.wrong.str() + told.str());
  }));
}

}  // namespace
}  // namespace fasti::test
