#include "persistence/leveldb_journal.hpp"

#include <algorithm>
#include <shared_mutex>

#include "persistence/archive.hpp"
#include "persistence/catch_up.hpp"
#include "persistence/commit_rules.hpp"
#include "persistence/group_commit.hpp"
#include "persistence/identity.hpp"
#include "persistence/truncation.hpp"

namespace fasti::persistence {
namespace {

/// What a filter wants, and whether a block can have it.
class filter {
 public:
  explicit filter(const journal_range& range) : range_(range) {
    for (const auto t : range.types) types_ |= type_bit(t);
    for (const auto& c : range.categories) categories_ |= category_bit(c);
    for (const auto& t : range.tags) tags_ |= tag_bit(t);
  }
  [[nodiscard]] bool may_match(const block_header& h) const noexcept {
    return (range_.types.empty() || (h.types & types_) != 0) &&
           (range_.tags.empty() || (h.tags & tags_) != 0) &&
           (range_.categories.empty() || (h.categories & categories_) != 0);
  }
  [[nodiscard]] bool matches(const recorded_event& e) const {
    return is_in(range_.types, e.type) && is_in(range_.categories, e.category()) &&
           (range_.tags.empty() || has_one_of(e.tags, range_.tags));
  }

 private:
  template <class List, class Item>
  static bool is_in(const List& list, const Item& item) {
    return list.empty() || std::find(list.begin(), list.end(), item) != list.end();
  }
  const journal_range& range_;
  std::uint64_t types_ = 0;
  std::uint64_t categories_ = 0;
  std::uint64_t tags_ = 0;
};

class leveldb_journal final : public journal {
 public:
  leveldb_journal(unique_id id, std::unique_ptr<block_store> blocks,
                  std::unique_ptr<stream_index> index, journal_state state,
                  const runtime_options& options, disk& on, const leveldb_tuning& tuning)
      : disk_(on),
        directory_(options.path),
        clock_(options.clock),
        id_(id),
        blocks_(std::move(blocks)),
        index_(std::move(index)),
        commits_(*blocks_, *index_, std::move(state), options,
                 {tuning.recovery_pause, tuning.ahead_bytes_min}) {}
  ~leveldb_journal() override { static_cast<void>(close().has_value()); }

  unique_id id() const noexcept override { return id_; }
  result<ticket> append(commit&& c, std::shared_ptr<commit_session> session,
                        std::unique_ptr<commit_observer>&& observer) override {
    return commits_.append(std::move(c), std::move(session), std::move(observer),
                           group_commit::hands::own);
  }
  result<ticket> append_in_person(commit&& c, std::shared_ptr<commit_session> session,
                                  std::unique_ptr<commit_observer>&& observer) override {
    return commits_.append(std::move(c), std::move(session), std::move(observer),
                           group_commit::hands::callers);
  }
  ticket settled_ticket() const noexcept override { return commits_.settled_ticket(); }
  position head() const noexcept override { return commits_.head(); }
  std::optional<command_record> find_command(command_id id) const override {
    return commits_.find_command(id);
  }
  void on_head(std::function<void(position)> callback) override {
    commits_.on_head(std::move(callback));
  }
  std::optional<error> failure() const override { return commits_.failure(); }

  result<command_reply> read_reply(position at) const override;
  result<version> stream_version(const stream_id& stream) const override;
  result<version> read_stream(const stream_id& stream, const stream_range& range,
                              const event_visitor& visitor) const override;
  result<position> read(const journal_range& range, const event_visitor& visitor) const override;
  result<position> position_before(timestamp time) const override;
  result<truncation> truncate(truncation t) override;
  result<std::optional<truncation>> truncation_of(const stream_id& stream) const override;
  result<archive_summary> write_archive(position after, const byte_sink& out) const override;
  journal_stats stats() const override;
  result<void> close() override;

  void opened(std::chrono::nanoseconds took, std::uint64_t reindexed) {
    open_duration_ = took;
    reindexed_ = reindexed;
  }
  /// Goes on with a truncation that was cut short. What stands in its way is for the log: all
  /// events are there still, or their base is.
  void finish_truncation(const log_sink& log);

 private:
  /// The truncation that the event at `at` tells of.
  result<truncation> truncation_at(position at) const;
  /// With the mutex, both.
  result<void> take_bodies_of(const truncation& t);
  result<void> finish_pending();

  disk& disk_;
  const std::string directory_;
  const clock_source clock_;
  const unique_id id_;
  const std::unique_ptr<block_store> blocks_;
  const std::unique_ptr<stream_index> index_;
  group_commit commits_;
  std::chrono::nanoseconds open_duration_{};
  std::uint64_t reindexed_ = 0;
  /// Who truncates has it alone; who reads all there is shares it, so that an archive that ends
  /// before a truncation has nothing of that.
  mutable std::shared_mutex truncation_mutex_;
  std::mutex close_mutex_;
  std::optional<result<void>> closed_;  // protected by close_mutex_
};

error out_of_place(const stream_id& stream, position p) {
  return {errc::corrupt, "record-misplaced",
          "journal, position " + std::to_string(count_of(p)) + ": not the event of " +
              std::string(stream.text()) + " that the index names"};
}

/// The events of `stream` in the commit that holds position `p`, in order. They live as long as
/// `b`. Other commits of the block are not looked at: they may be damaged.
result<std::vector<recorded_event>> events_of_commit(const block& b, position p,
                                                     const stream_id& stream) {
  std::vector<recorded_event> found;
  auto walked = b.each_commit(position{count_of(p) - 1}, [&](const commit_view& c) {
    c.each_event([&](const recorded_event& e) {
      if (e.stream == stream.text()) found.push_back(e);
      return true;
    });
    return false;
  });
  if (!walked) return std::move(walked).error();
  return found;
}

/// So many events of a stream are fetched from the disk side by side …
constexpr std::size_t events_ahead = 32;
/// … if they lie so many positions apart: closer ones are in reach of the kernel's read-ahead.
constexpr std::uint64_t events_apart = 1000;

bool are_scattered(const std::vector<position>& p) {
  return !p.empty() && count_of(p.back()) - count_of(p.front()) > p.size() * events_apart;
}

result<version> leveldb_journal::stream_version(const stream_id& stream) const {
  const auto durable = head();
  auto newest = index_->version_of(stream.text());
  if (!newest || *newest == no_version) return newest;
  // The index may be ahead of the disk by what is in the sync at work.
  for (std::uint64_t window = 64;; window *= 8) {
    const std::uint64_t top = count_of(*newest);
    const std::uint64_t from = top > window ? top - window + 1 : 1;
    auto positions = index_->positions(stream.text(), version{from}, *newest);
    if (!positions) return std::move(positions).error();
    const auto last = std::upper_bound(positions->begin(), positions->end(), durable);
    const auto count = static_cast<std::uint64_t>(last - positions->begin());
    if (count > 0 || from == 1) return version{from + count - 1};
  }
}

result<version> leveldb_journal::read_stream(const stream_id& stream, const stream_range& range,
                                             const event_visitor& visitor) const {
  const auto reads_before = file_reads_of_this_thread();
  auto actual = stream_version(stream);
  if (!actual || *actual == no_version) return actual;
  const version from = std::max(range.from, version{1});
  if (from > range.to || from > *actual || range.events_max == 0) return actual;
  // Not past the version that is told: there may be newer ones by now.
  auto positions = index_->positions(stream.text(), from, std::min(range.to, *actual));
  if (!positions) return std::move(positions).error();
  block_store::reader blocks(*blocks_);
  const std::size_t n = std::min<std::uint64_t>(positions->size(), range.events_max);
  const bool forwards = range.order == direction::forwards;
  const auto place = [&](std::size_t i) { return forwards ? i : positions->size() - 1 - i; };
  // A commit at a time: looking each of its events up would check all of it for each.
  const bool scattered = are_scattered(*positions);
  std::size_t expected = 0;
  // If even the index had to be fetched, the blocks will not be in memory.
  bool cold = file_reads_of_this_thread() != reads_before;
  for (std::size_t i = 0; i < n;) {
    const position p = (*positions)[place(i)];
    if (scattered && cold && i >= expected) {
      expected = std::min(i + events_ahead, n);
      for (auto j = i; j < expected; ++j) blocks.expect((*positions)[place(j)]);
    }
    const auto b = blocks.at(p);
    if (!b) return b.error();
    cold = blocks.fetched();
    auto found = events_of_commit(**b, p, stream);
    if (!found) return std::move(found).error();
    if (!forwards) std::reverse(found->begin(), found->end());
    const std::size_t before = i;
    for (const auto& e : *found) {
      if (i == n) break;
      const bool is_next =
          e.position == (*positions)[place(i)] && count_of(e.version) == count_of(from) + place(i);
      if (!is_next) continue;
      ++i;
      if (visitor(e) == visit::stop) return actual;
    }
    if (i == before) return out_of_place(stream, p);
  }
  return actual;
}

result<position> leveldb_journal::read(const journal_range& range,
                                       const event_visitor& visitor) const {
  const filter wanted(range);
  const position end = std::min(range.to, head());
  position looked_at = range.after;
  std::uint64_t given = 0;
  bool stopped = range.events_max == 0;
  block_store::reader blocks(*blocks_);
  while (!stopped && looked_at < end) {
    const auto b = blocks.at(next(looked_at));
    if (!b) return b.error();
    if (!wanted.may_match((*b)->header())) {
      looked_at = std::min((*b)->last(), end);
      continue;
    }
    auto walked = (*b)->each_commit(looked_at, [&](const commit_view& c) {
      c.each_event([&](const recorded_event& e) {
        if (e.position <= looked_at) return true;
        if (e.position > end) stopped = true;
        if (stopped) return false;
        looked_at = e.position;
        if (!wanted.matches(e)) return true;
        ++given;
        stopped = visitor(e) == visit::stop || given >= range.events_max;
        return !stopped;
      });
      return !stopped;
    });
    if (!walked) return std::move(walked).error();
  }
  return looked_at;
}

result<command_reply> leveldb_journal::read_reply(position at) const {
  if (at == no_position || at > head()) return no_such_position(at, head());
  block_store::reader blocks(*blocks_);
  const auto b = blocks.at(at);
  if (!b) return b.error();
  command_reply reply;
  auto walked = (*b)->each_commit(position{count_of(at) - 1}, [&reply](const commit_view& c) {
    reply = {c.reply_type, {c.reply.begin(), c.reply.end()}};
    return false;
  });
  if (!walked) return std::move(walked).error();
  return reply;
}

result<position> leveldb_journal::position_before(timestamp time) const {
  const auto durable = head();
  if (durable == no_position) return no_position;
  auto before = blocks_->last_block_before(time, durable);
  if (!before || *before == durable) return before;
  // The next block holds the moment: some of its commits may still be before it.
  position last = *before;
  block_store::reader blocks(*blocks_);
  const auto b = blocks.at(next(last));
  if (!b) return b.error();
  auto walked = (*b)->each_commit(no_position, [&](const commit_view& c) {
    const bool is_before = timestamp{std::chrono::nanoseconds{c.header.time}} < time;
    if (is_before) last = c.last_position();
    return is_before;
  });
  if (!walked) return std::move(walked).error();
  return last;
}

result<truncation> leveldb_journal::truncation_at(position at) const {
  if (at > head()) return not_a_truncation(at);
  block_store::reader blocks(*blocks_);
  const auto b = blocks.at(at);
  if (!b) return b.error();
  auto found = events_of_commit(**b, at, truncations_stream());
  if (!found) return std::move(found).error();
  for (const auto& e : *found) {
    if (e.position == at) return truncation_in(e);
  }
  return not_a_truncation(at);
}

result<std::optional<truncation>> leveldb_journal::truncation_of(const stream_id& stream) const {
  position said_at{};
  auto read = read_stream(stream, {.to = version{1}}, [&said_at](const recorded_event& e) {
    said_at = e.truncated_by;
    return visit::stop;
  });
  if (!read) return std::move(read).error();
  if (said_at == no_position) return std::optional<truncation>();
  auto found = truncation_at(said_at);
  if (!found) return std::move(found).error();
  return std::optional<truncation>(*std::move(found));
}

result<truncation> leveldb_journal::truncate(truncation t) {
  auto actual = stream_version(t.stream);
  if (!actual) return std::move(actual).error();
  if (auto good = check_truncation(t, *actual); !good) return std::move(good).error();
  const std::unique_lock lock(truncation_mutex_);
  if (auto finished = finish_pending(); !finished) return std::move(finished).error();
  auto before = truncation_of(t.stream);
  if (!before) return std::move(before).error();
  if (*before && (*before)->up_to >= t.up_to) {
    t = **std::move(before);  // once more, in case that it was cut short
  } else {
    auto said = append_and_wait(*this, commit_of(t));
    if (!said) return std::move(said).error();
    t.said_at = said->last_position;
    t.time = said->time;
  }
  if (auto done = take_bodies_of(t); !done) return std::move(done).error();
  return t;
}

result<void> leveldb_journal::take_bodies_of(const truncation& t) {
  if (auto noted = mark_truncating(disk_, directory_, {t.said_at}); !noted) return noted;
  auto positions = index_->positions(t.stream.text(), version{1}, t.up_to);
  if (!positions) return std::move(positions).error();
  auto done = take_bodies(*blocks_, t.stream.text(), *positions, t.said_at);
  if (!done) {
    if (done.error().reason == "storage-failed") commits_.suspect(done.error());
    return done;
  }
  return forget_truncating(disk_, directory_);
}

void leveldb_journal::finish_truncation(const log_sink& log) {
  const std::unique_lock lock(truncation_mutex_);
  auto done = finish_pending();
  if (done) return;
  log(log_level::warning,
      "a truncation was cut short and cannot be finished: " + done.error().to_string());
  if (done.error().reason == "truncation-damaged") {
    static_cast<void>(forget_truncating(disk_, directory_).has_value());  // it leads nowhere
  }
}

result<void> leveldb_journal::finish_pending() {
  const auto under_way = truncating(disk_, directory_);
  if (!under_way) return {};
  auto t = truncation_at(under_way->said_at);
  if (!t) return std::move(t).error();
  return take_bodies_of(*t);
}

result<archive_summary> leveldb_journal::write_archive(position after, const byte_sink& out) const {
  const std::shared_lock lock(truncation_mutex_);
  const auto end = head();
  if (after > end) {
    return error{errc::invalid, "archive-gap",
                 "the journal ends at position " + std::to_string(count_of(end)) + ", before " +
                     std::to_string(count_of(after))};
  }
  archive_writer writer(out);
  block_store::reader blocks(*blocks_);
  position at = after;
  if (at < end) {
    const auto b = blocks.at(next(at));
    if (!b) return b.error();
    at = position{count_of((*b)->first()) - 1};
  }
  if (auto wrote = writer.begin(id_, at, clock_()); !wrote) return std::move(wrote).error();
  while (at < end) {
    const auto b = blocks.at(next(at));
    if (!b) return b.error();
    // What is damaged here must not be called good there.
    auto good = (*b)->each_commit(no_position, [](const commit_view&) { return true; });
    if (!good) return std::move(good).error();
    if (auto wrote = writer.add(**b); !wrote) return std::move(wrote).error();
    at = (*b)->last();
  }
  return writer.end();
}

journal_stats leveldb_journal::stats() const {
  journal_stats s;
  commits_.count(s);
  s.bytes_on_disk = blocks_->bytes_on_disk() + index_->bytes_on_disk();
  s.open_duration = open_duration_;
  s.events_reindexed_at_open = reindexed_;
  return s;
}

result<void> leveldb_journal::close() {
  const std::lock_guard lock(close_mutex_);
  if (closed_) return *closed_;
  const std::unique_lock no_truncation(truncation_mutex_);
  commits_.close();
  closed_ = result<void>();
  if (auto failed = commits_.failure()) {
    closed_ = *std::move(failed);  // the index may know more than the disk: it is not written
  } else {
    closed_ = index_->flush_all(head());
    if (*closed_) closed_ = note_closed(disk_, directory_, head());
  }
  return *closed_;
}

// -- opening -------------------------------------------------------------------------------------

struct opened_blocks {
  unique_id id;
  std::unique_ptr<block_store> blocks;
};

error tail_missing(const std::string& path, position closed, position head) {
  return {errc::corrupt, "tail-missing",
          path + " was closed at position " + std::to_string(count_of(closed)) + ", but ends at " +
              std::to_string(count_of(head)) + ": the end of its log is gone; restore a backup"};
}

/// The truth of a journal that is there.
result<opened_blocks> open_existing(disk& on, const runtime_options& options, unique_id id,
                                    block_store::settings settings) {
  const auto ended = closed_at(on, options.path);
  if (was_relaxed(on, options.path)) settings.tail = log_tail::may_have_holes;
  if (ended) settings.tail = log_tail::must_be_whole;
  auto blocks = block_store::open(on, options.path + "/events", create_mode::must_exist, settings);
  if (!blocks) return std::move(blocks).error();
  if (ended) {
    const auto end = (*blocks)->end();
    if (!end) return end.error();
    if (*end < *ended) return tail_missing(options.path, *ended, *end);
  }
  return opened_blocks{id, *std::move(blocks)};
}

/// Finds the journal's truth, or makes an empty one.
result<opened_blocks> open_blocks(disk& on, const runtime_options& options,
                                  const block_store::settings& settings) {
  auto found = find_identity(on, options.path);
  if (!found) return std::move(found).error();
  if (*found) return open_existing(on, options, **found, settings);
  auto creating = begin_creation(on, options.path, options.when_missing);
  if (!creating) return std::move(creating).error();
  auto blocks = block_store::open(on, options.path + "/events", create_mode::create, settings);
  if (!blocks) return std::move(blocks).error();
  auto id = finish_creation(on, options.path);
  if (!id) return std::move(id).error();
  return opened_blocks{*id, *std::move(blocks)};
}

/// Before the first append, for whoever opens it after a power cut.
result<void> note_durability(disk& on, const runtime_options& options) {
  if (options.durability == durability::synced) return forget_relaxed(on, options.path);
  options.log(log_level::warning,
              "durability is relaxed: a power cut may take what was committed in the last " +
                  std::to_string(options.relaxed_sync_interval.count()) + " ms");
  return note_relaxed(on, options.path);
}

}  // namespace

result<std::unique_ptr<journal>> open_leveldb_journal(const runtime_options& options, disk& on,
                                                      leveldb_tuning tuning) {
  const auto started = std::chrono::steady_clock::now();
  auto truth = open_blocks(
      on, options,
      {.recent_bytes_max = options.journal.recent_bytes_max, .log_bytes = tuning.log_bytes});
  if (!truth) return std::move(truth).error();
  const auto try_index = [&] {
    return open_index(on, options, truth->id, *truth->blocks, tuning.index_events_in_memory);
  };
  auto opened = try_index();
  if (!opened && opened.error().reason == "index-damaged") {
    options.log(log_level::warning,
                "index is made anew from the journal: " + opened.error().detail);
    if (auto gone = remove_tree(on, options.path + "/index"); !gone) {
      return std::move(gone).error();
    }
    opened = try_index();
  }
  if (!opened) return std::move(opened).error();
  if (auto noted = note_durability(on, options); !noted) return std::move(noted).error();
  if (auto forgot = forget_closed(on, options.path); !forgot) return std::move(forgot).error();
  auto made = std::make_unique<leveldb_journal>(truth->id, std::move(truth->blocks),
                                                std::move(opened->index), std::move(opened->state),
                                                options, on, tuning);
  made->finish_truncation(options.log);
  made->opened(std::chrono::steady_clock::now() - started, opened->events_indexed);
  return std::unique_ptr<journal>(std::move(made));
}

}  // namespace fasti::persistence
