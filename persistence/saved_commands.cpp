#include "persistence/saved_commands.hpp"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>

#include "persistence/varint.hpp"

namespace fasti::persistence {
namespace {

struct fixed_part {
  std::uint64_t checksum = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t commits = 0;
  std::int64_t oldest = 0;
  std::int64_t newest = 0;
};
static_assert(sizeof(fixed_part) == 48);
constexpr std::size_t ids_bytes = 24;

timestamp time_of(std::int64_t ns) { return timestamp{std::chrono::nanoseconds{ns}}; }
std::int64_t ns_of(timestamp t) { return t.time_since_epoch().count(); }

constexpr std::string_view name_prefix = "commands-";

/// Where the file begins; nothing when it is another's name.
std::optional<position> first_of(std::string_view name) {
  if (!name.starts_with(name_prefix)) return std::nullopt;
  name.remove_prefix(name_prefix.size());
  std::uint64_t first = 0;
  const auto [end, why] = std::from_chars(name.data(), name.data() + name.size(), first);
  if (why != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return position{first};
}

/// Of a file that begins with `head`, its fixed part.
std::uint64_t checksum_of(std::string_view head, std::string_view commits, std::uint64_t seed) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_64bits_reset_withSeed(state.get(), seed);
  XXH3_64bits_update(state.get(), head.data() + 8, head.size() - 8);
  XXH3_64bits_update(state.get(), commits.data(), commits.size());
  return XXH3_64bits_digest(state.get());
}

/// The fixed part of a file that is whole; nothing when it is not.
std::optional<fixed_part> checked(position first, std::string_view content) {
  fixed_part f;
  if (content.size() < sizeof f) return std::nullopt;
  std::memcpy(&f, content.data(), sizeof f);
  const auto checksum = checksum_of(content.substr(0, sizeof f), content.substr(sizeof f), f.first);
  const bool good =
      f.first == count_of(first) && f.first > 0 && f.last >= f.first && f.checksum == checksum;
  return good ? std::optional(f) : std::nullopt;
}

/// Adds the commits of a file; false when it is not what its fixed part says.
bool unpack(const fixed_part& f, std::string_view commits, command_window& into) {
  std::uint64_t first = f.first;
  std::int64_t time = f.oldest;
  for (std::uint64_t i = 0; i < f.commits; ++i) {
    if (commits.size() < ids_bytes) return false;
    std::uint64_t ids[3];
    std::memcpy(ids, commits.data(), ids_bytes);
    commits.remove_prefix(ids_bytes);
    std::uint64_t events = 0;
    std::uint64_t v = 0;
    std::uint64_t later = 0;
    if (!take_varint(commits, events) || !take_varint(commits, v) || !take_varint(commits, later)) {
      return false;
    }
    if (events == 0 || events > f.last - first + 1) return false;
    time += static_cast<std::int64_t>(later);
    into.add(command_id{{ids[0], ids[1]}},
             {ids[2],
              {committed::kind::fresh, position{first}, position{first + events - 1}, version{v},
               time_of(time)}});
    first += events;
  }
  return commits.empty() && first == f.last + 1 && time == f.newest;
}

}  // namespace

void packed_commands::add(command_id id, std::uint64_t fingerprint, const committed& outcome) {
  // After a gap only what is behind it can be of use; opening sees the gap.
  if (commits > 0 && outcome.first_position != next(last)) *this = {};
  if (commits == 0) {
    first = outcome.first_position;
    oldest = newest = outcome.time;
  }
  char record[ids_bytes + 3 * varint_bytes_max];
  const std::uint64_t ids[3] = {id.high, id.low, fingerprint};
  std::memcpy(record, ids, ids_bytes);
  char* end = put_varint(record + ids_bytes,
                         count_of(outcome.last_position) - count_of(outcome.first_position) + 1);
  end = put_varint(end, count_of(outcome.version));
  end = put_varint(end, static_cast<std::uint64_t>((outcome.time - newest).count()));
  bytes.append(record, end);
  newest = outcome.time;
  last = outcome.last_position;
  ++commits;
}

std::string packed_commands::head() const {
  fixed_part f{0, count_of(first), count_of(last), commits, ns_of(oldest), ns_of(newest)};
  std::string written(sizeof f, '\0');
  std::memcpy(written.data(), &f, sizeof f);
  f.checksum = checksum_of(written, bytes, f.first);
  std::memcpy(written.data(), &f.checksum, sizeof f.checksum);
  return written;
}

std::string saved_commands::path_of(position first) const {
  return directory_ + "/" + std::string(name_prefix) + std::to_string(count_of(first));
}

result<std::optional<command_window>> saved_commands::load(const journal_limits& limits,
                                                           position watermark, timestamp time) {
  std::vector<std::string> names;
  if (const auto why = disk_.list(directory_, names); why != 0) {
    return storage_failed(directory_, why);
  }
  for (const auto& name : names) {
    if (const auto first = first_of(name)) useless_.push_back(*first);
  }
  std::sort(useless_.begin(), useless_.end());
  struct part {
    fixed_part fixed;
    std::string content;
  };
  std::deque<part> parts;  // by position
  // What is behind the watermark was written by a flush that was cut short.
  auto begin = std::upper_bound(useless_.begin(), useless_.end(), watermark);
  const auto end = begin;
  const auto from_time = ns_of(oldest_remembered(time, age_max_));
  std::uint64_t commits = 0;
  auto last = count_of(watermark);
  while (last > 0 && commits < ids_max_) {
    if (begin == useless_.begin()) return std::optional<command_window>();
    auto content = read_file(disk_, path_of(*--begin));
    if (!content) return std::optional<command_window>();  // the blocks know it, too
    const auto f = checked(*begin, *content);
    if (!f || f->last != last) return std::optional<command_window>();
    parts.push_front({*f, *std::move(content)});
    commits += f->commits;
    last = f->first - 1;
    if (f->oldest < from_time) break;
  }
  std::optional<command_window> window(limits);
  window->reserve(commits);
  for (const auto& p : parts) {
    if (!unpack(p.fixed, std::string_view(p.content).substr(sizeof p.fixed), *window)) {
      return std::optional<command_window>();
    }
  }
  for (const auto& [f, content] : parts) {
    kept_.push_back({position{f.first}, f.commits, time_of(f.newest)});
    commits_kept_ += f.commits;
  }
  useless_.erase(begin, end);
  return window;
}

result<void> saved_commands::save(const packed_commands& newer) {
  if (newer.commits == 0) return {};
  const auto path = path_of(newer.first);
  std::unique_ptr<disk_file> file;
  io_code why = disk_.create(path, file);
  if (why == 0) why = write_all(*file, newer.head());
  if (why == 0) why = write_all(*file, newer.bytes);
  if (why == 0) why = file->close();
  if (why != 0) return storage_failed(path, why);
  std::erase(useless_, newer.first);
  kept_.push_back({newer.first, newer.commits, newer.newest});
  commits_kept_ += newer.commits;
  const auto from_time = oldest_remembered(newer.newest, age_max_);
  while (kept_.size() > 1 &&
         (commits_kept_ - kept_.front().commits >= ids_max_ || kept_.front().newest < from_time)) {
    useless_.push_back(kept_.front().first);
    commits_kept_ -= kept_.front().commits;
    kept_.pop_front();
  }
  return {};
}

void saved_commands::sweep() {
  for (const auto first : useless_) static_cast<void>(disk_.remove(path_of(first)));
  useless_.clear();
}

}  // namespace fasti::persistence
