#include "persistence/command_window.hpp"

#include <utility>

namespace fasti::persistence {
namespace {

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
  const auto place = places_.find(tag_of(id), [&](std::size_t candidate) {
    const auto& r = at(candidate);
    return r.id_high == id.high && r.id_low == id.low;
  });
  if (!place) return std::nullopt;
  const auto& r = at(*place);
  return command_record{
      r.fingerprint,
      {committed::kind::fresh, r.first, position{count_of(r.first) + r.events - 1}, r.version,
       timestamp{std::chrono::nanoseconds{r.time}}}};
}

void command_window::add(command_id id, const command_record& what) {
  if (ids_max_ == 0) return;
  if (count_ == ids_max_) forget_oldest();
  const auto& o = what.outcome;
  const auto place = place_of(count_++);
  const auto tag = tag_of(id);
  const auto block = block_of(place);
  if (block >= blocks_.size()) blocks_.resize(block + 1);
  if (!blocks_[block]) blocks_[block] = std::make_unique_for_overwrite<record[]>(records_per_block);
  at(place) = {
      id.high,
      id.low,
      what.fingerprint,
      o.first_position,
      o.version,
      o.time.time_since_epoch().count(),
      static_cast<std::uint32_t>(count_of(o.last_position) - count_of(o.first_position) + 1),
      tag};
  places_.add(tag, place);
}

void command_window::forget_after(position last) {
  while (count_ > 0) {
    const auto newest = place_of(count_ - 1);
    if (at(newest).first <= last) return;
    places_.remove(at(newest).tag, newest);
    --count_;
  }
}

void command_window::forget_old(timestamp now) {
  const auto from = oldest_remembered(now, age_max_).time_since_epoch().count();
  while (count_ > 0 && at(oldest_).time < from) forget_oldest();
}

void command_window::forget_oldest() {
  if (count_ > leaving_soon) places_.expect(at(place_of(leaving_soon)).tag);
  places_.remove(at(oldest_).tag, oldest_);
  const auto left = block_of(std::exchange(oldest_, place_of(1)));
  --count_;
  if (left == block_of(oldest_)) return;
  // In a full ring the newest ones are in it.
  const bool is_in_use = count_ > 0 && block_of(place_of(count_ - 1)) == left;
  if (!is_in_use) blocks_[left].reset();
}

}  // namespace fasti::persistence
