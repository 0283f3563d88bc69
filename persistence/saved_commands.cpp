#include "persistence/saved_commands.hpp"

#include <xxhash.h>

#include <cstring>

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

std::string key_of(position first) { return "c" + big_endian(count_of(first)); }

std::uint64_t checksum_of(std::string_view value, std::uint64_t seed) {
  return XXH3_64bits_withSeed(value.data() + 8, value.size() - 8, seed);
}

/// The fixed part of a value that is whole; nothing when it is not.
std::optional<fixed_part> checked(std::string_view key, std::string_view value) {
  fixed_part f;
  if (key.size() != 9 || value.size() < sizeof f) return std::nullopt;
  std::memcpy(&f, value.data(), sizeof f);
  const bool good = f.first == from_big_endian(key.substr(1)) && f.first > 0 && f.last >= f.first &&
                    f.checksum == checksum_of(value, f.first);
  return good ? std::optional(f) : std::nullopt;
}

/// Adds the commits of a value; false when it is not what its fixed part says.
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

std::string packed_commands::value() const {
  fixed_part f{0, count_of(first), count_of(last), commits, ns_of(oldest), ns_of(newest)};
  std::string all(sizeof f, '\0');
  all.reserve(sizeof f + bytes.size());
  all += bytes;
  std::memcpy(all.data(), &f, sizeof f);
  f.checksum = checksum_of(all, f.first);
  std::memcpy(all.data(), &f.checksum, sizeof f.checksum);
  return all;
}

result<std::optional<command_window>> saved_commands::load(const database& from,
                                                           const journal_limits& limits,
                                                           position watermark, timestamp time) {
  struct found {
    std::optional<fixed_part> fixed;
    std::string value;
  };
  std::vector<found> all;  // by position
  const auto it = from.iterate();
  for (it->Seek("c"); it->Valid() && it->key().starts_with("c"); it->Next()) {
    useless_.push_back(it->key().ToString());
    auto value = it->value().ToString();
    const auto fixed = checked(useless_.back(), value);
    all.push_back({fixed, std::move(value)});
  }
  if (auto good = from.check(*it); !good) return std::move(good).error();
  const auto from_time = ns_of(oldest_remembered(time, age_max_));
  std::uint64_t commits = 0;
  std::uint64_t end = count_of(watermark);
  std::size_t begin = all.size();
  while (end > 0 && commits < ids_max_) {
    if (begin == 0) return std::optional<command_window>();
    const auto& f = all[--begin].fixed;
    if (!f || f->last != end) return std::optional<command_window>();
    commits += f->commits;
    end = f->first - 1;
    if (f->oldest < from_time) break;
  }
  std::optional<command_window> window(limits);
  window->reserve(commits);
  for (auto i = begin; i < all.size(); ++i) {
    const auto& f = *all[i].fixed;
    if (!unpack(f, std::string_view(all[i].value).substr(sizeof f), *window)) {
      return std::optional<command_window>();
    }
  }
  for (auto i = begin; i < all.size(); ++i) {
    const auto& f = *all[i].fixed;
    kept_.push_back({position{f.first}, f.commits, time_of(f.newest)});
    commits_kept_ += f.commits;
  }
  useless_.resize(begin);
  return window;
}

void saved_commands::save(const packed_commands& newer, leveldb::WriteBatch& into) {
  for (const auto& key : useless_) into.Delete(key);
  useless_.clear();
  if (newer.commits == 0) return;
  into.Put(key_of(newer.first), newer.value());
  kept_.push_back({newer.first, newer.commits, newer.newest});
  commits_kept_ += newer.commits;
  const auto from_time = oldest_remembered(newer.newest, age_max_);
  while (kept_.size() > 1 &&
         (commits_kept_ - kept_.front().commits >= ids_max_ || kept_.front().newest < from_time)) {
    into.Delete(key_of(kept_.front().first));
    commits_kept_ -= kept_.front().commits;
    kept_.pop_front();
  }
}

}  // namespace fasti::persistence
