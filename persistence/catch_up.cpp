#include "persistence/catch_up.hpp"

#include <algorithm>

namespace fasti::persistence {
namespace {

/// The index and the journal's tail do not fit together, or the index cannot be read.
error index_misfit(const error& why) {
  if (why.code != errc::conflict && why.code != errc::corrupt) return why;
  return {errc::corrupt, "index-damaged", why.detail};
}

/// Takes commits in the order of their positions.
class taker {
 public:
  /// What lies up to these positions is in the index, in the window.
  taker(stream_index& index, position indexed, command_window& window, position remembered)
      : index_(index), indexed_(indexed), window_(window), remembered_(remembered) {}

  /// False: see `failed`.
  [[nodiscard]] bool take(const commit_view& c) {
    committed outcome{committed::kind::fresh, c.first_position, c.last_position(), no_version,
                      timestamp{std::chrono::nanoseconds{c.header.time}}};
    position first = c.first_position;
    c.each_part([&](std::string_view stream, version from, std::uint32_t events) {
      if (outcome.version == no_version) outcome.version = version{count_of(from) + events - 1};
      if (first > indexed_ && !failed_) add(stream, from, first, events);
      first = position{count_of(first) + events};
    });
    if (c.first_position > remembered_) {
      window_.add(c.command, {c.header.fingerprint, outcome});
      index_.add_command(c.command, c.header.fingerprint, outcome);
    }
    return !failed_;
  }
  [[nodiscard]] const std::optional<error>& failed() const noexcept { return failed_; }
  [[nodiscard]] std::uint64_t events_added() const noexcept { return events_added_; }

 private:
  void add(std::string_view stream, version from, position first, std::uint32_t events) {
    auto added = index_.add(stream_name::of(stream), version{count_of(from) - 1}, first, events);
    if (!added) failed_ = index_misfit(added.error());
    events_added_ += events;
  }

  stream_index& index_;
  const position indexed_;
  command_window& window_;
  const position remembered_;
  std::optional<error> failed_;
  std::uint64_t events_added_ = 0;
};

/// Fills `window` with what is saved. Returns up to which position it is filled; what lies behind
/// that is to be read from the blocks.
result<position> remember(const block_store& blocks, stream_index& index,
                          const runtime_options& options, timestamp time, command_window& window) {
  auto saved = index.saved_window(time);
  if (!saved) return index_misfit(saved.error());
  if (*saved) {
    window = **std::move(saved);
    return index.watermark();
  }
  const auto from = oldest_remembered(time, options.journal.command_ids_age_max);
  auto first = blocks.first_of_newest(options.journal.command_ids_max, from);
  if (!first) return std::move(first).error();
  return std::min(position{count_of(*first) - 1}, index.watermark());
}

/// Returns how many events were indexed.
result<std::uint64_t> catch_up(const block_store& blocks, stream_index& index,
                               const runtime_options& options, journal_state& state) {
  auto newest = blocks.newest();
  if (!newest) return std::move(newest).error();
  if (*newest) {
    state.head = (*newest)->last();
    state.time = (*newest)->time();
  }
  if (index.watermark() > state.head) {
    return error{errc::corrupt, "index-damaged", "it is ahead of the journal"};
  }
  if (state.head == no_position) return 0;
  auto remembered = remember(blocks, index, options, state.time, state.window);
  if (!remembered) return std::move(remembered).error();
  taker into(index, index.watermark(), state.window, *remembered);
  block_store::reader reader(blocks);
  // The newest block is looked at in any case: what is written next rests on it.
  const auto known = std::min(*remembered, index.watermark());
  for (auto at = std::min(next(known), (*newest)->first()); at <= state.head;) {
    const auto b = reader.at(at);
    if (!b) return b.error();
    auto walked =
        (*b)->each_commit(no_position, [&into](const commit_view& c) { return into.take(c); });
    if (!walked) return std::move(walked).error();
    if (into.failed()) return *into.failed();
    at = next((*b)->last());
    index.on_durable((*b)->last());
  }
  state.window.forget_old(state.time);
  return into.events_added();
}

}  // namespace

result<opened_index> open_index(disk& on, const runtime_options& options, unique_id id,
                                const block_store& blocks, std::size_t events_in_memory) {
  auto index = stream_index::open(on, options.path + "/index", id, options.log, options.journal,
                                  events_in_memory);
  if (!index) return std::move(index).error();
  opened_index opened{
      *std::move(index), {no_position, timestamp{}, command_window(options.journal)}, 0};
  auto indexed = catch_up(blocks, *opened.index, options, opened.state);
  if (!indexed) return std::move(indexed).error();
  opened.events_indexed = *indexed;
  return opened;
}

}  // namespace fasti::persistence
