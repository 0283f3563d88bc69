#include "tests/prove/load.hpp"

#include <algorithm>
#include <map>
#include <thread>

namespace fasti::prove {

using test::kept_event;

std::string load::to_string() const {
  return "seed " + std::to_string(seed) + ", " + std::to_string(commits) + " commits of up to " +
         std::to_string(events_max) + " events of up to " + std::to_string(words_max) + " words, " +
         std::to_string(in_flight) + " in flight" + (relaxed ? ", relaxed" : "") +
         ", reopened every " + std::to_string(reopen_every) + ", truncated every " +
         std::to_string(truncate_every) + ", log " + std::to_string(log_bytes) + ", index " +
         std::to_string(index_events_in_memory);
}

load random_load(std::mt19937_64& random) {
  const auto one_of = [&random](auto... values) {
    const std::array all{values...};
    return all[random() % all.size()];
  };
  load l;
  l.seed = random();
  l.commits = one_of(4, 10, 20, 40);
  l.streams = one_of(1, 3, 8);
  l.events_max = one_of(1U, 3U, 9U);
  l.words_max = one_of(4U, 60U, 600U, 3000U);
  l.in_flight = one_of(1, 3, 12);
  l.reopen_every = one_of(0, 0, 5, 11);
  l.truncate_every = one_of(0, 0, 3, 7);
  l.relaxed = random() % 4 == 0;
  l.index_events_in_memory = one_of(std::size_t{4}, std::size_t{16}, std::size_t{1} << 18U);
  return l;
}

result<std::unique_ptr<journal>> open_on(persistence::disk& on, const load& l,
                                         std::vector<std::string>* log) {
  runtime_options options;
  options.path = journal_path;
  options.when_missing = when_missing::create;
  if (l.relaxed) options.durability = durability::relaxed;
  options.relaxed_sync_interval = std::chrono::milliseconds{1};
  options.log = [log](log_level, std::string_view line) {
    if (log != nullptr) log->emplace_back(line);
  };
  return persistence::open_leveldb_journal(options, on,
                                           {.log_bytes = l.log_bytes,
                                            .index_events_in_memory = l.index_events_in_memory,
                                            .ahead_bytes_min = 1,
                                            .recovery_pause = std::chrono::milliseconds{1}});
}

namespace {

/// Notes what a commit was told, and when.
class listener final : public commit_observer {
 public:
  listener(told& into, test::fault_disk& on, test::outcome_log& all)
      : into_(into), disk_(on), counted_(all.observer()) {}
  void on_outcome(result<committed> outcome) noexcept override {
    into_.operations = disk_.operations();
    into_.outcome = outcome;
    counted_->on_outcome(std::move(outcome));
  }

 private:
  told& into_;
  test::fault_disk& disk_;
  const std::unique_ptr<commit_observer> counted_;
};

commit random_commit(const load& l, std::mt19937_64& random) {
  const auto stream = [&] {
    return "s-" + std::to_string(random() % static_cast<unsigned>(l.streams));
  };
  const auto events = [&] { return static_cast<std::uint32_t>(1 + random() % l.events_max); };
  const auto words = static_cast<std::uint32_t>(1 + random() % l.words_max);
  commit c = test::commit_to(stream(), events(), expected_version::any(), words);
  c.origin.id = command_id{unique_id{random(), random()}};
  for (auto& word : c.bodies) word = random();
  const auto second = stream();
  if (random() % 4 == 0 && c.parts.front().stream.text() != second)
    test::add_part(c, second, events());
  if (random() % 8 == 0) c.parts.back().expected = expected_version::exactly(version{1'000'000});
  if (random() % 4 == 0) c.origin.metadata = std::string(random() % 50, 'm');
  if (random() % 8 == 0) c.origin.trace = {unique_id{random(), 1}, random(), 1};
  if (random() % 4 == 0) c.reply = {type_id{0xc3}, std::vector<word>(1 + random() % 20, random())};
  if (random() % 4 == 0) {
    c.tags = std::string(1 + random() % 9, 't') + '\0';
    c.events.back().tag_bytes = static_cast<std::uint32_t>(c.tags.size());
  }
  return c;
}

/// Waits some time for a journal that has stopped.
bool recovers(const journal& j) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{40};
  while (j.failure() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return !j.failure();
}

void note_events(const journal& j, recorded_run& run) {
  auto read = test::read_all(j);
  if (read.failed) return;
  for (std::size_t i = run.events.size(); i < read.events.size(); ++i)
    run.events.push_back(std::move(read.events[i]));
}

std::vector<word> base_of(version up_to) { return {0, count_of(up_to)}; }

void truncate_one(journal& j, recorded_run& run, test::fault_disk& on, std::mt19937_64& random) {
  note_events(j, run);  // before anything of it is truncated
  asked_truncation& asked = run.truncations.emplace_back();
  asked.stream = "s-" + std::to_string(random() % static_cast<unsigned>(run.made_by.streams));
  const auto has = j.stream_version(test::stream(asked.stream));
  if (!has || *has == no_version) return run.truncations.pop_back();
  asked.up_to = version{1 + random() % count_of(*has)};
  truncation t;
  t.stream = test::stream(asked.stream);
  t.up_to = asked.up_to;
  t.base = {t.stream, asked.up_to, position{1}, type_id{1}, base_of(asked.up_to)};
  const auto done = j.truncate(std::move(t));
  if (done) asked.done = on.operations();
}

/// The commits of one opening: at most `count`. False: the journal takes no more.
bool append_some(journal& j, int count, recorded_run& run, test::fault_disk& on,
                 std::mt19937_64& random) {
  test::outcome_log all;
  std::size_t given = 0;
  for (int i = 0; i < count; ++i) {
    commit c = random_commit(run.made_by, random);
    told& t = run.commits.emplace_back();
    t.id = c.origin.id;
    t.must_conflict = c.parts.back().expected.accepts(version{1'000'000}) &&
                      !c.parts.back().expected.accepts(no_version);
    std::unique_ptr<commit_observer> observer = std::make_unique<listener>(t, on, all);
    // NOLINTNEXTLINE(bugprone-use-after-move): what is refused is untouched
    while (!j.append(std::move(c), nullptr, std::move(observer))) {
      // It was refused, so both are untouched. A disk that is good again is found to be so.
      if (!recovers(j)) {
        run.commits.pop_back();
        all.wait_for(given);
        return false;
      }
    }
    ++given;
    if (given % static_cast<unsigned>(run.made_by.in_flight) == 0) all.wait_for(given);
    if (run.made_by.truncate_every == 0 || (i + 1) % run.made_by.truncate_every != 0) continue;
    all.wait_for(given);
    truncate_one(j, run, on, random);
  }
  all.wait_for(given);
  return true;
}

}  // namespace

recorded_run play(const load& l, test::fault_disk& on) {
  recorded_run run;
  run.made_by = l;
  run.commits.reserve(static_cast<std::size_t>(l.commits));  // listeners point into it
  std::mt19937_64 random(l.seed);
  while (run.commits.size() < static_cast<std::size_t>(l.commits)) {
    auto opened = open_on(on, l);
    if (!opened) {
      run.went_wrong = opened.error().to_string();
      break;
    }
    const int left = l.commits - static_cast<int>(run.commits.size());
    const int now = l.reopen_every == 0 ? left : std::min(left, l.reopen_every);
    on.set_watch([&run, j = opened->get()](std::size_t operations) {
      const auto head = j->head();
      if (run.heads.empty() || run.heads.back().head != head)
        run.heads.push_back({operations, head});
    });
    const bool goes_on = append_some(**opened, now, run, on, random);
    on.set_watch({});
    note_events(**opened, run);
    if (auto closed = (*opened)->close(); !closed) run.went_wrong = closed.error().to_string();
    if (!goes_on) break;
  }
  for (const auto& t : run.commits) {
    if (t.must_conflict && t.outcome) run.went_wrong = "P7: a stale version was accepted";
  }
  run.history = on.history();
  return run;
}

namespace {

/// The first of the rules for what a journal holds that `j` breaks.
class left_checker {
 public:
  left_checker(const recorded_run& run, std::size_t operations)
      : run_(run), operations_(operations) {}

  std::string check(journal& j) {
    auto read = test::read_all(j);
    if (read.failed) return "P10: it opens, but reading says " + read.failed->to_string();
    events_ = std::move(read.events);
    if (auto wrong = prefix(); !wrong.empty()) return wrong;
    for (const auto& s : run_.heads) {
      if (s.operations <= operations_ && count_of(s.head) > events_.size()) {
        return "P2: position " + std::to_string(count_of(s.head)) + " was shown at operation " +
               std::to_string(s.operations) + ", before it was durable";
      }
    }
    if (auto wrong = acknowledged(j); !wrong.empty()) return wrong;
    return streams(j);
  }
  [[nodiscard]] std::size_t size() const noexcept { return events_.size(); }

 private:
  std::string prefix() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (count_of(events_[i].position) != i + 1) return "P4: a gap at " + std::to_string(i + 1);
    }
    if (events_.size() > run_.events.size()) return "P5: more events than were written";
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (events_[i] == run_.events[i]) continue;
      if (events_[i].truncated_by != no_position && events_[i] == without_body(i)) continue;
      return "P5: not what was written, or in another order";
    }
    const std::size_t n = events_.size();
    if (n > 0 && n < run_.events.size() && run_.events[n].command == events_.back().command) {
      return "P3: half a commit, up to position " + std::to_string(n);
    }
    return {};
  }

  /// The event as it is when it was truncated by what truncated it.
  [[nodiscard]] kept_event without_body(std::size_t i) const {
    auto e = run_.events[i];
    e.body.clear();
    e.tags.clear();
    e.truncated_by = events_[i].truncated_by;
    return e;
  }

  /// How far a stream must be truncated, and may be.
  struct bounds {
    version least{};
    version most{};
  };
  [[nodiscard]] bounds bounds_of(const std::string& stream) const {
    bounds b;
    for (const auto& t : run_.truncations) {
      if (t.stream != stream) continue;
      b.most = std::max(b.most, t.up_to);
      if (t.done && *t.done <= operations_) b.least = std::max(b.least, t.up_to);
    }
    return b;
  }

  /// All that one truncation names is gone, and nothing else; its base is there.
  std::string truncated(const journal& j, const std::string& name,
                        const std::vector<kept_event>& events) {
    std::uint64_t gone = 0;
    for (const auto& e : events) {
      if (e.truncated_by == no_position) continue;
      if (count_of(e.version) != ++gone) return "P5: " + name + " is truncated in its middle";
    }
    const auto allowed = bounds_of(name);
    if (version{gone} < allowed.least) return "P1: a truncation of " + name + " is lost";
    if (version{gone} > allowed.most) return "P5: too much of " + name + " is truncated";
    auto t = j.truncation_of(test::stream(name));
    if (!t) return "P5: " + name + " lost its beginning: " + t.error().to_string();
    if (t->has_value() != (gone > 0)) return "P5: " + name + " has a base and no need, or none";
    if (gone == 0) return {};
    if ((*t)->up_to != version{gone} && !run_.disk_lied)
      return "P5: a truncation of " + name + " is half done";
    if ((*t)->base.body != base_of((*t)->up_to)) return "P5: another base for " + name;
    return {};
  }

  std::string acknowledged(const journal& j) {
    for (const auto& t : run_.commits) {
      if (!t.outcome || t.outcome->what != committed::kind::fresh) continue;
      const bool is_there = count_of(t.outcome->last_position) <= events_.size();
      if (t.operations <= operations_ && !is_there) {
        return "P1: acknowledged at operation " + std::to_string(t.operations) +
               ", lost: positions " + std::to_string(count_of(t.outcome->first_position)) + " to " +
               std::to_string(count_of(t.outcome->last_position));
      }
      const auto known = j.find_command(t.id);
      if (known.has_value() != is_there) return "P8: a command id is lost, or known too early";
      if (known && known->outcome.last_position != t.outcome->last_position) {
        return "P8: a command id has another outcome";
      }
    }
    return {};
  }

  std::string streams(const journal& j) {
    std::map<std::string, std::vector<kept_event>> all;
    for (const auto& e : events_) all[e.stream].push_back(e);
    for (const auto& [name, events] : all) {
      auto read = test::read_stream(j, name);
      if (read.failed) return "P10: " + name + ": " + read.failed->to_string();
      if (read.events != events) return "P4: " + name + " is not what the global order says";
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (count_of(events[i].version) != i + 1) return "P4: " + name + " has a gap";
      }
      if (auto wrong = truncated(j, name, events); !wrong.empty()) return wrong;
    }
    return {};
  }

  const recorded_run& run_;
  const std::size_t operations_;
  std::vector<kept_event> events_;
};

}  // namespace

std::string check_left(const recorded_run& run, std::size_t operations, test::fault_disk& left,
                       bool twice) {
  left_checker checker(run, run.made_by.relaxed ? 0 : operations);
  {
    auto opened = open_on(left, run.made_by);
    if (!opened) return "P5: it does not open: " + opened.error().to_string();
    if (auto wrong = checker.check(**opened); !wrong.empty()) return wrong;
    auto more = append_and_wait(**opened, test::commit_to("s-0"));
    if (!more) return "P5: it opens, but takes nothing: " + more.error().to_string();
    if (count_of(more->last_position) != checker.size() + 1) return "P4: it goes on elsewhere";
  }
  if (!twice) return {};
  auto again = open_on(left, run.made_by);
  if (!again) return "P5: it opens once, and then no more: " + again.error().to_string();
  if (count_of((*again)->head()) != checker.size() + 1) return "P1: what was added is gone";
  return {};
}

}  // namespace fasti::prove
