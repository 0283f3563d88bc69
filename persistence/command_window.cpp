#include "persistence/command_window.hpp"

#include <algorithm>
#include <bit>

namespace fasti::persistence {
namespace {

constexpr std::size_t places_at_first = 1024;
constexpr std::size_t slots_at_first = 64;
/// In a full window each new command lets an old one go; so far ahead their slots are fetched.
constexpr std::size_t leaving_soon = 8;

}  // namespace

timestamp oldest_remembered(timestamp now, std::chrono::hours age_max) {
  const auto since_1970 = std::chrono::duration_cast<std::chrono::hours>(now.time_since_epoch());
  return age_max > since_1970 ? timestamp::min() : now - age_max;
}

std::uint32_t command_window::tag_of(command_id id) noexcept {
  const std::uint64_t mixed = (id.high ^ 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  const std::uint64_t hash = (mixed ^ (mixed >> 29U) ^ id.low) * 0x94d049bb133111ebULL;
  return static_cast<std::uint32_t>(hash >> 32U);
}

std::optional<command_record> command_window::find(command_id id) const {
  if (slots_.empty()) return std::nullopt;
  const auto tag = tag_of(id);
  for (auto i = home_of(tag); slots_[i].at != 0; i = (i + 1) & (slots_.size() - 1)) {
    if (slots_[i].tag != tag) continue;
    const auto& r = ring_[slots_[i].at - 1];
    if (r.id_high != id.high || r.id_low != id.low) continue;
    return command_record{
        r.fingerprint,
        {committed::kind::fresh, r.first, position{count_of(r.first) + r.events - 1}, r.version,
         timestamp{std::chrono::nanoseconds{r.time}}}};
  }
  return std::nullopt;
}

void command_window::add(command_id id, const command_record& what) {
  if (ids_max_ == 0) return;
  if (count_ == ids_max_) forget_oldest();
  if (count_ == places_) {
    grow_ring(std::min(ids_max_, std::max(places_ * 8, places_at_first)));
  }
  if ((count_ + 1) * 2 > slots_.size()) grow_slots(std::max(slots_.size() * 2, slots_at_first));
  const auto& o = what.outcome;
  const auto place = place_of(count_++);
  const auto tag = tag_of(id);
  ring_[place] = {
      id.high,
      id.low,
      what.fingerprint,
      o.first_position,
      o.version,
      o.time.time_since_epoch().count(),
      static_cast<std::uint32_t>(count_of(o.last_position) - count_of(o.first_position) + 1),
      tag};
  link(tag, place);
}

void command_window::reserve(std::size_t ids) {
  ids = std::min(ids, ids_max_);
  if (ids > places_) grow_ring(ids);
  if (ids * 2 > slots_.size()) grow_slots(std::bit_ceil(ids * 2));
}

void command_window::forget_after(position last) {
  while (count_ > 0) {
    const auto newest = place_of(count_ - 1);
    if (ring_[newest].first <= last) return;
    unlink(newest);
    --count_;
  }
}

void command_window::forget_old(timestamp now) {
  const auto from = oldest_remembered(now, age_max_).time_since_epoch().count();
  while (count_ > 0 && ring_[oldest_].time < from) forget_oldest();
}

void command_window::forget_oldest() {
  if (count_ > leaving_soon) {
    __builtin_prefetch(&slots_[home_of(ring_[place_of(leaving_soon)].tag)], 1);
  }
  unlink(oldest_);
  oldest_ = place_of(1);
  --count_;
}

void command_window::link(std::uint32_t tag, std::size_t place) {
  auto i = home_of(tag);
  while (slots_[i].at != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {tag, static_cast<std::uint32_t>(place + 1)};
}

void command_window::unlink(std::size_t place) {
  const auto mask = slots_.size() - 1;
  auto hole = home_of(ring_[place].tag);
  while (slots_[hole].at != place + 1) hole = (hole + 1) & mask;
  // Those behind it that it had pushed on move up, so that no probe ends too soon.
  for (auto i = (hole + 1) & mask; slots_[i].at != 0; i = (i + 1) & mask) {
    if (((i - home_of(slots_[i].tag)) & mask) < ((i - hole) & mask)) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = {};
}

void command_window::grow_ring(std::size_t places) {
  auto wider = std::make_unique_for_overwrite<record[]>(places);
  const auto unbroken = std::min(count_, places_ - oldest_);
  std::copy_n(ring_.get() + oldest_, unbroken, wider.get());
  std::copy_n(ring_.get(), count_ - unbroken, wider.get() + unbroken);
  ring_ = std::move(wider);
  places_ = places;
  if (std::exchange(oldest_, 0) == 0) return;
  std::fill(slots_.begin(), slots_.end(), slot{});
  for (std::size_t place = 0; place < count_; ++place) link(ring_[place].tag, place);
}

void command_window::grow_slots(std::size_t slots) {
  const auto before = std::exchange(slots_, std::vector<slot>(slots));
  for (const auto& s : before) {
    if (s.at != 0) link(s.tag, s.at - 1);
  }
}

}  // namespace fasti::persistence
