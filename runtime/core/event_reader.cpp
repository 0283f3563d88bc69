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
    : only_(std::move(only)), limits_(l), at_(at) {}

result<event_reader::batch> event_reader::read(const journal& from, position to) {
  auto kept = std::make_shared<kept_events>();
  auto looked_at = only_.stream.empty() ? read_all(from, to, *kept) : read_stream(from, to, *kept);
  if (!looked_at) return std::move(looked_at).error();
  kept->end();
  at_ = *looked_at;
  return batch{std::move(kept), at_};
}

bool event_reader::is_full(const kept_events& k) const {
  return k.events().size() >= limits_.events_max || k.bytes() >= limits_.bytes_max;
}

result<position> event_reader::read_all(const journal& from, position to, kept_events& into) {
  journal_range range;
  range.after = at_;
  range.to = std::min(to, position{count_of(at_) + positions_per_read});
  range.categories = only_.categories;
  range.types = only_.types;
  range.tags = only_.tags;
  return from.read(range, [&](const recorded_event& e) {
    into.add(e);
    return is_full(into) ? visit::stop : visit::more;
  });
}

bool event_reader::fits(const recorded_event& e) const {
  const auto any = [](const auto& list, auto&& is) {
    return list.empty() || std::any_of(list.begin(), list.end(), is);
  };
  return any(only_.categories, [&](const auto& c) { return c == e.category(); }) &&
         any(only_.types, [&](type_id t) { return t == e.type; }) &&
         any(only_.tags, [&](const auto& t) { return e.tags.contains(t); });
}

result<position> event_reader::read_stream(const journal& from, position to, kept_events& into) {
  if (!next_) {
    auto first = version_behind(from, at_);
    if (!first) return std::move(first).error();
    next_ = *first;
  }
  auto looked_at = to;
  auto reached = from.read_stream(*stream_id::parse(only_.stream), {.from = *next_},
                                  [&](const recorded_event& e) {
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

/// The first one whose event is behind `at`, or the one that comes next: halves what may be it.
result<version> event_reader::version_behind(const journal& from, position at) const {
  const auto stream = *stream_id::parse(only_.stream);
  auto newest = from.stream_version(stream);
  if (!newest) return newest;
  std::uint64_t low = 1;
  std::uint64_t high = count_of(*newest) + 1;
  while (at != no_position && low < high) {
    const auto middle = low + (high - low) / 2;
    position found{};
    auto looked = from.read_stream(stream, {.from = version{middle}, .to = version{middle}},
                                   [&found](const recorded_event& e) {
                                     found = e.position;
                                     return visit::stop;
                                   });
    if (!looked) return looked;
    if (found > at) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return version{low};
}

}  // namespace fasti::core
