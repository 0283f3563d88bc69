#include "runtime/core/event_reader.hpp"

#include <algorithm>
#include <cstring>

namespace fasti::core {
namespace {

/// One read passes over no more than this where nothing fits: others want to read, too.
constexpr std::uint64_t positions_per_read = 256U << 10;

}  // namespace

std::string_view kept_events::keep(std::string_view text) {
  if (text.empty()) return {};
  auto* to = static_cast<char*>(memory_.allocate(text.size(), 1));
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

void kept_events::add(const recorded_event& e) {
  recorded_event& copy = events_.emplace_back(e);
  copy.stream = keep(e.stream);
  copy.metadata = keep(e.metadata);
  copy.tags = tag_list(keep(e.tags.packed()));
  if (!e.body.empty()) {
    auto* to = static_cast<word*>(memory_.allocate(e.body.size_bytes(), alignof(word)));
    std::copy(e.body.begin(), e.body.end(), to);
    copy.body = {to, e.body.size()};
  }
  bytes_ +=
      sizeof e + e.stream.size() + e.metadata.size() + e.tags.packed().size() + e.body.size_bytes();
}

event_reader::event_reader(event_filter only, position at, const limits& l)
    : limits_(l),
      stream_(only.stream.empty() ? std::nullopt : std::optional(*stream_id::parse(only.stream))) {
  range_.after = at;
  range_.categories = std::move(only.categories);
  range_.types = std::move(only.types);
  range_.tags = std::move(only.tags);
}

result<event_reader::batch> event_reader::read(const journal& from, position to) {
  auto kept = std::make_shared<kept_events>();
  auto looked_at = stream_ ? read_stream(from, to, *kept) : read_all(from, to, *kept);
  if (!looked_at) return std::move(looked_at).error();
  kept->end();
  range_.after = *looked_at;
  return batch{std::move(kept), *looked_at};
}

bool event_reader::is_full(const kept_events& k) const {
  return k.events().size() >= limits_.events_max || k.bytes() >= limits_.bytes_max;
}

result<position> event_reader::read_all(const journal& from, position to, kept_events& into) {
  range_.to = std::min(to, position{count_of(at()) + positions_per_read});
  return from.read(range_, [&](const recorded_event& e) {
    into.add(e);
    return is_full(into) ? visit::stop : visit::more;
  });
}

bool event_reader::fits(const recorded_event& e) const {
  const auto any = [](const auto& list, auto&& is) {
    return list.empty() || std::any_of(list.begin(), list.end(), is);
  };
  return any(range_.categories, [&](const auto& c) { return c == e.category(); }) &&
         any(range_.types, [&](type_id t) { return t == e.type; }) &&
         any(range_.tags, [&](const auto& t) { return e.tags.contains(t); });
}

result<position> event_reader::read_stream(const journal& from, position to, kept_events& into) {
  if (!next_) {
    auto first = first_version(from);
    if (!first) return std::move(first).error();
    next_ = *first;
  }
  auto looked_at = to;
  auto reached = from.read_stream(*stream_, {.from = *next_}, [&](const recorded_event& e) {
    if (e.position > to) return visit::stop;
    if (fits(e)) into.add(e);
    next_ = next(e.version);
    if (!is_full(into)) return visit::more;
    looked_at = e.position;
    return visit::stop;
  });
  if (!reached) return std::move(reached).error();
  return looked_at;
}

/// The first one behind where it is, or the one that comes next: halves what may be it.
result<version> event_reader::first_version(const journal& from) const {
  auto newest = from.stream_version(*stream_);
  if (!newest) return newest;
  std::uint64_t low = 1;
  std::uint64_t high = count_of(*newest) + 1;
  while (at() != no_position && low < high) {
    const auto middle = low + (high - low) / 2;
    position found{};
    auto looked = from.read_stream(*stream_, {.from = version{middle}, .to = version{middle}},
                                   [&found](const recorded_event& e) {
                                     found = e.position;
                                     return visit::stop;
                                   });
    if (!looked) return looked;
    if (found > at()) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return version{low};
}

}  // namespace fasti::core
