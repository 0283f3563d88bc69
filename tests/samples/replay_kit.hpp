#pragma once
/// P13 for one decider or process manager on a real runtime: a load with snapshots every few
/// events, then every state that the runtime has, or has brought back, is held against a full
/// replay of the journal, byte for byte.

#include <fasti/process.hpp>
#include <fasti/runtime.hpp>

#include <cstdlib>
#include <random>
#include <set>

#include "comes_true.hpp"
#include "image.capnp.h"
#include "process.hpp"

namespace fasti::test {

/// All of a decider's state as words: what it saves, if it has snapshots.
template <class Decider>
requires fasti::detail::snapshots<Decider> std::vector<word> image_of(const Decider& d) {
  return build<typename Decider::snapshot>([&d](auto s) { d.save(s); });
}

/// A decider or process manager that can be asked for its state. One without snapshots says what it
/// holds by a function `image_of(const Decider&)` beside it.
template <class Decider>
struct asked : Decider {
  using queries = types<Image(AskImage)>;
  decision answer(AskImage::Reader, Image::Builder reply) const {
    const auto image = image_of(static_cast<const Decider&>(*this));
    auto list = reply.initWords(static_cast<unsigned>(image.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, image[i]);
    return accept();
  }
};

/// `send(rt, stream, random)` sends some command that concerns that stream of the decider's, and
/// gives the future of its receipt. `Others`: who is there besides.
template <class Decider, class Send, class... Others>
class replay_check {
 public:
  replay_check(storage where, std::uint64_t seed, unsigned streams, Send send)
      : where_(where), random_(seed), streams_max_(streams), send_(std::move(send)) {}

  /// What differs, in words; empty when nothing does.
  std::string run() {
    const int rounds = where_ == storage::leveldb ? 3 : 1;  // memory ends with its runtime
    const int sends_a_round = 360 / rounds;
    for (int round = 0; round < rounds && wrong_.empty(); ++round) {
      auto rt = opened();
      if (round > 0) check_all(rt, "after a reopen");
      for (int i = 0; i < sends_a_round; ++i) send_one(rt);
      check_all(rt, "after a load");
      const auto is_saved = [&rt] { return rt.stats().snapshots_saved > 0; };
      if (has_snapshots && round == 0 && !comes_true(is_saved)) say("no snapshot was saved");
    }
    if (where_ == storage::leveldb && wrong_.empty()) check_loaded_from_snapshots(opened());
    if (accepted_ < 30) say("hardly anything was accepted");
    if (compared_.size() < 3) say("hardly anything was compared");
    return wrong_;
  }

 private:
  using decider = asked<Decider>;
  static constexpr bool has_snapshots = fasti::detail::snapshots<Decider>;
  /// It reacts in its own time, to what others are sent.
  static constexpr bool is_process = fasti::detail::is_process<Decider>;

  runtime opened() {
    auto rt =
        runtime::open<decider, Others...>({.path = scratch_ / "journal",
                                           .when_missing = when_missing::create,
                                           .storage = where_,
                                           .snapshot_every_events = 2,
                                           .snapshots_kept = 1000,
                                           // Each command finds its aggregate gone, as a rule.
                                           .idle_timeout = std::chrono::milliseconds{0},
                                           .worker_threads = 2});
    if (!rt) throw std::runtime_error(rt.error().to_string());
    return *std::move(rt);
  }

  void send_one(runtime& rt) {
    const auto stream =
        std::string(Decider::category) + "-" + std::to_string(random_() % streams_max_);
    const result<receipt> told = send_(rt, stream, random_).get();
    if (told) {
      ++accepted_;
      streams_.insert(stream);
    } else if (told.error().code != errc::rejected) {
      say(told.error().to_string());
    }
  }

  void check_all(runtime& rt, const std::string& when) {
    for (const auto& stream : streams_) check(rt, stream, stream + " " + when);
  }

  void check(runtime& rt, const std::string& stream, const std::string& where) {
    if constexpr (is_process) {
      const auto is_same = [&] { return live(rt, stream) == replayed(rt, stream, latest_version); };
      if (!comes_true(is_same)) say(where + ": not what a full replay gives");
    } else {
      check_versions(rt, stream, where);
    }
  }

  void check_versions(runtime& rt, const std::string& stream, const std::string& where) {
    const auto newest = rt.journal().stream_version(*stream_id::parse(stream));
    if (!newest) return say(newest.error().to_string());
    const auto n = count_of(*newest);
    for (const auto v : std::set<std::uint64_t>{1, n / 4, n / 2, n / 2 + 1, n - 1, n}) {
      if (v == 0 || v > n) continue;
      const auto was = rt.state_of<decider>(stream, {.version = version{v}});
      if (!was) return say(was.error().to_string());
      must_be_same(image_of(static_cast<const Decider&>(was->state)),
                   replayed(rt, stream, version{v}),
                   where + ", as it was at version " + std::to_string(v));
    }
    must_be_same(live(rt, stream), replayed(rt, stream, *newest), where + ", live");
  }

  /// Everybody is read anew, from a snapshot if there are any.
  void check_loaded_from_snapshots(runtime rt) {
    for (const auto& stream : streams_) check(rt, stream, stream + " in the end");
    const auto loaded = rt.stats().snapshots_loaded;
    if (sizeof...(Others) == 0 && has_snapshots != (loaded > 0)) {
      say(std::to_string(loaded) + " snapshots were loaded");
    }
  }

  std::vector<word> live(runtime& rt, const std::string& stream) {
    const auto image = rt.query<decider, AskImage>(stream, [](auto) {}).get();
    if (!image) return say(image.error().to_string()), std::vector<word>();
    std::vector<word> words;
    for (const auto w : (*image)->getWords()) words.push_back(w);
    return words;
  }

  /// From the first event on, without a snapshot.
  std::vector<word> replayed(runtime& rt, const std::string& stream, version to) {
    Decider state;
    const auto fold = [&](const recorded_event& e) {
      body_reader body(e.body);
      const auto evolve = [&]<class Event>() { state.evolve(body.root<Event>()); };
      if (fasti::detail::for_type(typename Decider::events{}, e.type, evolve)) {
        compared_.insert(stream);
      } else if (!is_process) {
        say(stream + ": an event that it does not list");
      }
      return visit::more;
    };
    const auto read = rt.journal().read_stream(*stream_id::parse(stream), {.to = to}, fold);
    if (!read) say(read.error().to_string());
    return image_of(state);
  }

  void must_be_same(const std::vector<word>& a, const std::vector<word>& b,
                    const std::string& what) {
    if (a.empty() || a != b) say(what + ": not what a full replay gives");
  }
  void say(const std::string& what) { wrong_ += what + "\n"; }

  storage where_;
  std::mt19937_64 random_;
  unsigned streams_max_;
  Send send_;
  scratch_directory scratch_;
  std::set<std::string> streams_;
  std::set<std::string> compared_;  // those that had events
  int accepted_ = 0;
  std::string wrong_;
};

/// What differs on either storage, with the seed; empty when nothing does.
template <class Decider, class... Others, class Send>
std::string replay_differences(Send send, unsigned streams = 3) {
  const char* given = std::getenv("FASTI_SEED");  // NOLINT(concurrency-mt-unsafe)
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
  for (const auto where : {storage::memory, storage::leveldb}) {
    const auto wrong = replay_check<Decider, Send, Others...>(where, seed, streams, send).run();
    if (!wrong.empty()) {
      return (where == storage::memory ? "in memory" : "on LevelDB") +
             std::string("; FASTI_SEED=") + std::to_string(seed) + " repeats it:\n" + wrong;
    }
  }
  return {};
}

}  // namespace fasti::test
