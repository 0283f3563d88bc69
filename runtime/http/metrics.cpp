// The text of the figures. One table for plain ones, a writer for those with labels.

#include "fasti/metrics.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace fasti {
namespace {

using seconds = std::chrono::duration<double>;

std::string number(std::uint64_t n) { return std::to_string(n); }
std::string number(double n) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
  return {text.data(), end};
}
std::string number(position p) { return number(count_of(p)); }
std::string number(bool b) { return b ? "1" : "0"; }

/// What may stand between the quotes of a label.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\' || c == '"') safe += '\\';
    if (c == '\n') {
      safe += "\\n";
    } else {
      safe += c;
    }
  }
  return safe;
}

struct label {
  std::string_view name;
  std::string_view value;
};

class metrics_writer {
 public:
  enum class kind : std::uint8_t { counter, gauge, histogram };

  void begin(std::string_view name, kind of, std::string_view help) {
    static constexpr std::array<std::string_view, 3> kinds{"counter", "gauge", "histogram"};
    name_ = "fasti_" + std::string(name);
    line({"# HELP ", name_, " ", help});
    line({"# TYPE ", name_, " ", kinds.at(static_cast<std::size_t>(of))});
  }
  void value(const std::string& of, std::initializer_list<label> labels = {}) {
    sample("", of, labels);
  }
  template <class Number>
  void counter(std::string_view name, std::string_view help, Number of) {
    begin(name, kind::counter, help);
    value(number(of));
  }
  template <class Number>
  void gauge(std::string_view name, std::string_view help, Number of) {
    begin(name, kind::gauge, help);
    value(number(of));
  }
  /// Buckets from 2^`first` to 2^`last` of its units, of which `unit` says how many make one of the
  /// metric's.
  void histogram(std::string_view name, std::string_view help, const fasti::histogram& h,
                 std::size_t first, std::size_t last, double unit = 1) {
    begin(name, kind::histogram, help);
    std::uint64_t up_to_here = 0;
    for (std::size_t range = 0; range <= last; ++range) {
      up_to_here += h.counts.at(range);
      if (range < first) continue;
      const auto bound = static_cast<double>(fasti::histogram::last_of(range)) / unit;
      sample("_bucket", number(up_to_here), {{"le", number(bound)}});
    }
    sample("_bucket", number(h.count()), {{"le", "+Inf"}});
    sample("_sum", number(static_cast<double>(h.sum) / unit), {});
    sample("_count", number(h.count()), {});
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void line(std::initializer_list<std::string_view> parts) {
    for (const auto part : parts) text_ += part;
    text_ += '\n';
  }
  void sample(std::string_view suffix, const std::string& of, std::initializer_list<label> labels) {
    text_.append(name_).append(suffix);
    for (const auto& l : labels) {
      text_ += &l == labels.begin() ? '{' : ',';
      text_.append(l.name).append("=\"").append(escaped(l.value)) += '"';
    }
    if (labels.size() > 0) text_ += '}';
    line({" ", of});
  }

  std::string text_;
  std::string name_;
};

using kind = metrics_writer::kind;

/// A gauge with a value for each of `all`, which says itself what is to be its label; none for
/// whom `number_of` has none.
template <class All, class LabelOf>
auto gauges_of(metrics_writer& to, const All& all, LabelOf label_of) {
  return [&to, &all, label_of](std::string_view name, std::string_view help, auto&& number_of) {
    to.begin(name, kind::gauge, help);
    for (const auto& one : all) {
      if (std::optional<std::string> n = number_of(one)) to.value(*n, {label_of(one)});
    }
  };
}

/// Why each of `all` stands, or tries again.
template <class All, class LabelOf>
void write_errors(metrics_writer& to, const All& all, LabelOf label_of, std::string_view name,
                  std::string_view help) {
  to.begin(name, kind::gauge, help);
  for (const auto& one : all) {
    const auto& why = one.stopped ? one.stopped : one.failing;
    if (!why) continue;
    to.value("1", {label_of(one), {"code", name_of(why->code)}, {"reason", why->reason}});
  }
}

void write_journal(metrics_writer& to, const journal_stats& j) {
  to.gauge("journal_head_position", "Position of the newest durable event.", j.head);
  to.gauge("journal_disk_bytes", "What the journal takes on the disk.", j.bytes_on_disk);
  to.counter("journal_commits_total", "Commits stored since open.", j.commits);
  to.counter("journal_syncs_total", "Syncs of the disk since open.", j.syncs);
  to.counter("journal_written_bytes_total", "Blocks of events stored since open.", j.logical_bytes);
  to.counter("journal_commits_placed_ahead_total",
             "Commits prepared while earlier ones were synced, since open.", j.placed_ahead);
  to.counter("journal_recoveries_total",
             "Storage errors since open after which the journal went on.", j.recoveries);
  to.gauge("journal_commits_waiting", "Commits handed over and not yet settled.",
           j.commits_waiting);
  to.gauge("journal_stopped", "1: nothing can be appended now.", j.failure.has_value());
  to.gauge("journal_open_seconds", "How long opening took.", seconds(j.open_duration).count());
  to.gauge("journal_reindexed_events", "Events that were indexed anew when it was opened.",
           j.events_reindexed_at_open);
  to.histogram("journal_append_seconds",
               "From handing a commit over to its being committed; each counts with the wait of "
               "the first one in its batch.",
               j.append_us, 4, 24, 1e6);
  to.histogram("journal_batch_commits", "Commits that became durable with one sync.",
               j.batch_commits, 0, 17);
  to.histogram("journal_batch_events", "Events that became durable with one sync.", j.batch_events,
               0, 20);
  to.histogram("journal_batch_bytes", "Bytes of blocks that became durable with one sync.",
               j.batch_bytes, 8, 26);
}

void write_aggregates(metrics_writer& to, const runtime_stats& s) {
  to.gauge("aggregates_active", "Aggregates in memory.", s.aggregates_live);
  to.gauge("commands_in_flight", "Commands and queries sent and not yet answered.",
           s.commands_in_flight);
  to.counter("aggregates_recovered_total",
             "Aggregates brought into memory from snapshot and events, since open.",
             s.aggregates_recovered);
  to.counter("aggregates_replayed_events_total",
             "Events that were replayed to bring aggregates into memory, since open.",
             s.events_replayed);
  to.counter("snapshots_loaded_total", "Snapshots that aggregates were loaded from, since open.",
             s.snapshots_loaded);
  to.counter("snapshots_saved_total", "Snapshots saved since open.", s.snapshots_saved);
}

std::uint64_t lag_of(position at, position head) {
  return head > at ? count_of(head) - count_of(at) : 0;
}

/// 0 for who has all there is; nothing for who is behind, when it is not known how long.
std::optional<std::string> lag_seconds(position at, position head, const lag_times& late) {
  if (at >= head) return "0";
  const auto known = late.find(at);
  if (known == late.end()) return std::nullopt;
  return number(seconds(known->second).count());
}

void write_projections(metrics_writer& to, const runtime_stats& s, const lag_times& late) {
  const auto head = s.journal.head;
  const auto label_of = [](const auto& p) { return label{"projection", p.name}; };
  const auto each = gauges_of(to, s.projections, label_of);
  each("projection_checkpoint_position", "What the view shows.",
       [](const auto& p) { return number(p.checkpoint); });
  each("projection_lag_positions", "How many positions the view is behind the journal.",
       [&](const auto& p) { return number(lag_of(p.checkpoint, head)); });
  each("projection_lag_seconds", "How old the first event is that the view does not show.",
       [&](const auto& p) { return lag_seconds(p.checkpoint, head, late); });
  each("projection_queries_waiting", "Queries that wait for a position.",
       [](const auto& p) { return number(std::uint64_t{p.queries_waiting}); });
  each("projection_parked", "Events that were not applied, those that wait behind them included.",
       [](const auto& p) { return number(std::uint64_t{p.parked}); });
  each("projection_retries", "So often it has tried again what fails now.",
       [](const auto& p) { return number(std::uint64_t{p.retries}); });
  each("projection_rebuild_position", "How far the view is that is folded beside it.",
       [](const auto& p) {
         const bool is_built = p.rebuild && (p.rebuild->phase == rebuild_phase::folding ||
                                             p.rebuild->phase == rebuild_phase::caught_up);
         return is_built ? std::optional(number(p.rebuild->at)) : std::nullopt;
       });
  to.begin("projection_events_total", kind::counter, "Events folded since it was added.");
  for (const auto& p : s.projections) {
    to.value(number(p.events_folded), {{"projection", p.name}});
  }
  each("projection_events_per_second", "Events folded a second, as of late.",
       [](const auto& p) { return number(p.events_per_second); });
  each("projection_stopped", "1: it folds no more.",
       [](const auto& p) { return number(p.stopped.has_value()); });
  write_errors(to, s.projections, label_of, "projection_error_info",
               "Why a projection folds no more, or tries again.");
}

void write_sinks(metrics_writer& to, const runtime_stats& s, const lag_times& late) {
  const auto head = s.journal.head;
  const auto label_of = [](const auto& of) { return label{"sink", of.name}; };
  const auto each = gauges_of(to, s.sinks, label_of);
  each("sink_checkpoint_position", "All that it wants up to here is in it.",
       [](const auto& of) { return number(of.checkpoint); });
  each("sink_lag_positions", "How many positions it is behind the journal.",
       [&](const auto& of) { return number(lag_of(of.checkpoint, head)); });
  each("sink_lag_seconds", "How old the first event is behind what it has.",
       [&](const auto& of) { return lag_seconds(of.checkpoint, head, late); });
  each("sink_retries", "So often it has tried again what fails now.",
       [](const auto& of) { return number(std::uint64_t{of.retries}); });
  to.begin("sink_events_total", kind::counter, "Events taken since it was added, with repeats.");
  for (const auto& one : s.sinks) to.value(number(one.events_taken), {{"sink", one.name}});
  each("sink_events_per_second", "Events taken a second, as of late.",
       [](const auto& of) { return number(of.events_per_second); });
  each("sink_stopped", "1: it takes no more.",
       [](const auto& of) { return number(of.stopped.has_value()); });
  write_errors(to, s.sinks, label_of, "sink_error_info",
               "Why a sink takes no more, or tries again.");
}

void write_processes(metrics_writer& to, const runtime_stats& s) {
  const auto label_of = [](const auto& p) { return label{"process", p.category}; };
  const auto each = gauges_of(to, s.processes, label_of);
  each("process_handled_position", "All that concerns process managers up to here is handled.",
       [](const auto& p) { return number(p.handled); });
  each("process_lag_positions", "How many positions they are behind the journal.",
       [&](const auto& p) { return number(lag_of(p.handled, s.journal.head)); });
  each("process_under_way", "Process managers that handle something now.",
       [](const auto& p) { return number(std::uint64_t{p.under_way}); });
  each("process_parked", "Events that were not handled, those that wait behind them included.",
       [](const auto& p) { return number(std::uint64_t{p.parked}); });
  each("process_stopped", "1: they handle no more.",
       [](const auto& p) { return number(p.stopped.has_value()); });
  write_errors(to, s.processes, label_of, "process_error_info",
               "Why process managers handle no more, or one of them tries again.");
  to.gauge("outbox_under_way", "Commands of process managers that wait for their outcome.",
           std::uint64_t{s.outbox.under_way});
  to.gauge("outbox_failing", "1: one of them is being tried again.", s.outbox.failing.has_value());
}

/// Those of one name.
struct subscribers {
  std::uint64_t count = 0;
  std::uint64_t paused = 0;
  std::uint64_t batches_held = 0;
  double events_per_second = 0;
  position last{};  ///< Where the one is that is farthest behind.
};

void write_subscriptions(metrics_writer& to, const runtime_stats& s, const lag_times& late) {
  std::map<std::string_view, subscribers> by_name;
  for (const auto& one : s.subscriptions) {
    auto& all = by_name[one.name];
    all.last = all.count++ == 0 ? one.given_up_to : std::min(all.last, one.given_up_to);
    all.paused += one.is_paused ? 1 : 0;
    all.batches_held += one.batches_held;
    all.events_per_second += one.events_per_second;
  }
  const auto head = s.journal.head;
  const auto each = gauges_of(to, by_name, [](const auto& named) {
    return label{"subscription", named.first};
  });
  each("subscriptions", "Subscriptions of that name.",
       [](const auto& of) { return number(of.second.count); });
  each("subscription_position", "All up to here was handed out.",
       [](const auto& of) { return number(of.second.last); });
  each("subscription_lag_positions", "How many positions it is behind the journal.",
       [&](const auto& of) { return number(lag_of(of.second.last, head)); });
  each("subscription_lag_seconds", "How old the first event is that was not handed out.",
       [&](const auto& of) { return lag_seconds(of.second.last, head, late); });
  each("subscription_batches_held", "Batches handed out and not let go of.",
       [](const auto& of) { return number(of.second.batches_held); });
  each("subscription_events_per_second", "Events handed out a second, as of late, to all of them.",
       [](const auto& of) { return number(of.second.events_per_second); });
  each("subscription_paused", "Subscriptions of that name that pause.",
       [](const auto& of) { return number(of.second.paused); });
}

}  // namespace

std::string metrics_text(const runtime_stats& stats, const lag_times& late) {
  metrics_writer to;
  write_journal(to, stats.journal);
  write_aggregates(to, stats);
  write_projections(to, stats, late);
  write_processes(to, stats);
  write_sinks(to, stats, late);
  write_subscriptions(to, stats, late);
  return to.take();
}

std::vector<std::string> troubles_of(const runtime_stats& stats) {
  std::vector<std::string> all;
  if (const auto& why = stats.journal.failure) {
    all.push_back("the journal takes nothing: " + why->to_string());
  }
  for (const auto& p : stats.projections) {
    if (!p.stopped) continue;
    all.push_back("projection " + p.name + " stands at position " + number(p.checkpoint) + ": " +
                  p.stopped->to_string());
  }
  for (const auto& p : stats.processes) {
    if (!p.stopped) continue;
    all.push_back("process managers " + p.category + " stand at position " + number(p.handled) +
                  ": " + p.stopped->to_string());
  }
  for (const auto& one : stats.sinks) {
    if (!one.stopped) continue;
    all.push_back("sink " + one.name + " stands at position " + number(one.checkpoint) + ": " +
                  one.stopped->to_string());
  }
  return all;
}

}  // namespace fasti
