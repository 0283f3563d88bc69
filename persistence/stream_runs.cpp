#include "persistence/stream_runs.hpp"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace fasti::persistence {
namespace {

constexpr std::size_t slots_at_first = 64;

std::uint32_t tag_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>(hash >> 32U);
}

}  // namespace

stream_name stream_name::of(std::string_view text) noexcept {
  return {text, XXH3_64bits(text.data(), text.size())};
}

/// Place in `runs_` + 1; 0: none.
std::uint32_t stream_runs::place_of(const stream_name& stream) const noexcept {
  if (slots_.empty()) return 0;
  const auto mask = slots_.size() - 1;
  for (auto i = stream.hash & mask; slots_[i].at != 0; i = (i + 1) & mask) {
    if (slots_[i].tag != tag_of(stream.hash)) continue;
    const auto& r = runs_[slots_[i].at - 1];
    if (r.hash == stream.hash && name_of(r) == stream.text) return slots_[i].at;
  }
  return 0;
}

const stream_runs::run* stream_runs::find(const stream_name& stream) const noexcept {
  const auto at = place_of(stream);
  return at == 0 ? nullptr : &runs_[at - 1];
}

void stream_runs::add(const stream_name& stream, version before, position first,
                      std::uint32_t events) {
  auto at = place_of(stream);
  if (at == 0) {
    runs_.push_back({stream.hash, next(before), 0, names_.size(),
                     static_cast<std::uint32_t>(stream.text.size()), 0});
    names_ += stream.text;
    at = static_cast<std::uint32_t>(runs_.size());
    if (runs_.size() * 2 > slots_.size()) {
      grow();
    } else {
      const auto mask = slots_.size() - 1;
      auto i = stream.hash & mask;
      while (slots_[i].at != 0) i = (i + 1) & mask;
      slots_[i] = {tag_of(stream.hash), at};
    }
  }
  auto& r = runs_[at - 1];
  extents_.push_back({first, events, at - 1, r.newest});
  r.newest = static_cast<std::uint32_t>(extents_.size());
  r.events += events;
  events_ += events;
}

void stream_runs::clear() noexcept {
  std::fill(slots_.begin(), slots_.end(), slot{});
  runs_.clear();
  extents_.clear();
  names_.clear();
  events_ = 0;
}

void stream_runs::grow() {
  slots_.assign(std::max(slots_.size() * 2, slots_at_first), {});
  const auto mask = slots_.size() - 1;
  for (std::size_t n = 0; n < runs_.size(); ++n) {
    auto i = runs_[n].hash & mask;
    while (slots_[i].at != 0) i = (i + 1) & mask;
    slots_[i] = {tag_of(runs_[n].hash), static_cast<std::uint32_t>(n + 1)};
  }
}

void stream_runs::forget_after(position last) {
  while (!extents_.empty() && extents_.back().first > last) {
    const auto& e = extents_.back();
    auto& r = runs_[e.run];
    r.newest = e.before;
    r.events -= e.events;
    events_ -= e.events;
    extents_.pop_back();
  }
}

std::vector<position> stream_runs::all_positions() const {
  // Extents lie in the order of positions, so one pass over them fills all runs at once.
  std::vector<std::size_t> ends;  // of what each run has so far
  ends.reserve(runs_.size());
  std::size_t begin = 0;
  for (const auto& r : runs_) {
    ends.push_back(begin);
    begin += r.events;
  }
  std::vector<position> all(events_);
  for (const auto& e : extents_) {
    for (std::uint32_t i = 0; i < e.events; ++i) {
      all[ends[e.run]++] = position{count_of(e.first) + i};
    }
  }
  return all;
}

void stream_runs::positions(const run& of, version from, version to,
                            std::vector<position>& out) const {
  const auto begin = static_cast<std::ptrdiff_t>(out.size());
  std::uint64_t end = count_of(next(of.last()));  // version behind the extent
  for (auto at = of.newest; at != 0 && end > count_of(from);) {
    const auto& e = extents_[at - 1];
    const auto first = end - e.events;
    for (auto v = std::min(end - 1, count_of(to)); v >= std::max(first, count_of(from)); --v) {
      out.push_back(position{count_of(e.first) + (v - first)});
    }
    end = first;
    at = e.before;
  }
  std::reverse(out.begin() + begin, out.end());
}

}  // namespace fasti::persistence
