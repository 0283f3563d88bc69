#include "persistence/place_table.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace fasti::persistence {
namespace {

constexpr std::size_t slots_at_first = 64;
/// Until a table is full again, half as many entries come as the one before it has slots: two would
/// do.
constexpr std::size_t slots_moved_per_entry = 8;
/// From three eighths full to four an eighth as many entries come as it has slots, and the next one
/// has twice as many.
constexpr std::size_t slots_touched_per_entry = 16;

}  // namespace

place_table::slots::slots(std::size_t count)
    : all_(static_cast<slot*>(std::calloc(count, sizeof(slot)))), mask_(count - 1) {
  if (!all_) throw std::bad_alloc();
}

void place_table::slots::put(slot s) const {
  auto i = home_of(s.tag);
  while ((*this)[i].at != 0) i = behind(i);
  (*this)[i] = s;
}

std::optional<std::size_t> place_table::slots::slot_of(std::uint32_t tag, std::size_t place) const {
  if (empty()) return std::nullopt;
  auto i = home_of(tag);
  for (; (*this)[i].at != 0; i = behind(i)) {
    if ((*this)[i].at == place + 1) return i;
  }
  return std::nullopt;
}

void place_table::slots::close_gap(std::size_t hole) const {
  for (auto i = behind(hole); (*this)[i].at != 0; i = behind(i)) {
    if (distance(home_of((*this)[i].tag), i) < distance(hole, i)) continue;
    (*this)[hole] = (*this)[i];
    hole = i;
  }
  (*this)[hole] = {};
}

void place_table::add(std::uint32_t tag, std::size_t place) {
  if (++entries_ * 2 > now_.size()) {
    grow(std::max(now_.size() * 2, slots_at_first));
  } else if (entries_ * 8 > now_.size() * 3 && now_.size() < size_max_) {
    prepare_next();
  }
  move_some(slots_moved_per_entry);
  now_.put({tag, static_cast<std::uint32_t>(place + 1)});
}

void place_table::remove(std::uint32_t tag, std::size_t place) {
  --entries_;
  if (const auto i = now_.slot_of(tag, place)) now_.close_gap(*i);
  if (const auto i = before_.slot_of(tag, place)) before_[*i].at = gone;
}

void place_table::reserve(std::size_t entries) {
  if (entries * 2 > now_.size()) grow(std::bit_ceil(entries * 2));
}

void place_table::grow(std::size_t size) {
  move_some(std::numeric_limits<std::size_t>::max());
  slots wider = std::exchange(next_, {});
  if (wider.size() != size) wider = slots(size);
  before_ = std::exchange(now_, std::move(wider));
  moved_ = 0;
}

void place_table::prepare_next() {
  if (next_.empty()) {
    next_ = slots(now_.size() * 2);
    touched_ = 0;
  }
  if (touched_ < next_.size() && touched_ % slots_per_page == 0) next_.touch(touched_);
  touched_ += slots_touched_per_entry;
}

void place_table::move_some(std::size_t slots_max) {
  if (before_.empty()) return;
  for (; slots_max > 0 && moved_ < before_.size(); --slots_max) {
    const slot& s = before_[moved_++];
    if (s.at != 0 && s.at != gone) now_.put(s);
  }
  if (moved_ == before_.size()) before_ = {};
}

}  // namespace fasti::persistence
