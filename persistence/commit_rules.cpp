#include "persistence/commit_rules.hpp"

#include <algorithm>

namespace fasti::persistence {
namespace {

error over(const char* reason, std::size_t has, std::size_t may) {
  return {errc::invalid, reason,
          "it has " + std::to_string(has) + ", at most " + std::to_string(may) + " are allowed"};
}

std::uint64_t hash_of(command_id id) noexcept {
  const std::uint64_t mixed = (id.high ^ 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  return (mixed ^ (mixed >> 29U) ^ id.low) * 0x94d049bb133111ebULL;
}
std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash); }

error malformed(std::string detail) {
  return {errc::invalid, "malformed-commit", std::move(detail)};
}

/// A block's grammar has 16 bits for them.
constexpr std::size_t parts_max = 65535;

result<void> check_sizes(const commit& c, const journal_limits& limits) {
  if (c.events.size() > limits.commit_events_max) {
    return over("too-many-events", c.events.size(), limits.commit_events_max);
  }
  if (c.origin.metadata.size() > limits.metadata_bytes_max) {
    return over("metadata-too-large", c.origin.metadata.size(), limits.metadata_bytes_max);
  }
  if (c.bodies.size() * word_bytes > limits.commit_bytes_max) {
    return over("commit-too-large", c.bodies.size() * word_bytes, limits.commit_bytes_max);
  }
  for (const auto& e : c.events) {
    if (e.words * word_bytes > limits.event_bytes_max) {
      return over("event-too-large", e.words * word_bytes, limits.event_bytes_max);
    }
  }
  return {};
}

}  // namespace

result<void> check_commit(const commit& c, const journal_limits& limits) {
  if (c.is_barrier()) {
    if (c.parts.empty() && c.bodies.empty()) return {};
    return malformed("a commit without events must have no streams and no bodies");
  }
  if (c.origin.id.is_none()) return malformed("it has no command id");
  if (auto good = check_sizes(c, limits); !good) return good;
  std::uint64_t words = 0;
  for (const auto& e : c.events) {
    if (e.words == 0) return malformed("an event without a body");
    words += e.words;
  }
  if (words != c.bodies.size()) return malformed("the events' lengths do not add up");
  if (c.parts.size() > std::min<std::size_t>(c.events.size(), parts_max)) {
    return malformed("more streams than events, or than " + std::to_string(parts_max));
  }
  std::uint64_t events = 0;
  for (const auto& p : c.parts) {
    if (p.stream.empty() || p.events == 0) return malformed("a stream without a name or events");
    const auto same = [&p](const auto& other) { return other.stream == p.stream; };
    if (c.parts.size() > 1 && std::count_if(c.parts.begin(), c.parts.end(), same) > 1) {
      return malformed("the same stream twice");
    }
    events += p.events;
  }
  if (events != c.events.size()) return malformed("the streams' events do not add up");
  return {};
}

std::optional<command_record> command_window::find(command_id id) const {
  if (slots_.empty()) return std::nullopt;
  const auto hash = hash_of(id);
  for (auto i = home_of(hash); slots_[i].at != 0; i = (i + 1) & (slots_.size() - 1)) {
    if (slots_[i].tag != tag_of(hash)) continue;
    const auto& found = ring_[slots_[i].at - 1];
    if (found.id == id) return found.what;
  }
  return std::nullopt;
}

void command_window::add(command_id id, const command_record& what) {
  if (ids_max_ == 0) return;
  if (ring_.size() < ids_max_) {
    ring_.push_back({id, what});
    if (ring_.size() * 2 > slots_.size()) {
      grow();
    } else {
      link(static_cast<std::uint32_t>(ring_.size()));
    }
    return;
  }
  const auto at = static_cast<std::uint32_t>(oldest_ + 1);
  if (!ring_[oldest_].id.is_none()) unlink(at);
  ring_[oldest_] = {id, what};
  link(at);
  oldest_ = (oldest_ + 1) % ids_max_;
}

void command_window::forget_after(position last) {
  for (std::size_t left = ring_.size(); left > 0; --left) {
    // Before the ring is full `oldest_` is 0, and the newest is the last in it.
    const std::size_t newest = (oldest_ + ring_.size() - 1) % ring_.size();
    if (ring_[newest].id.is_none() || ring_[newest].what.outcome.last_position <= last) return;
    unlink(static_cast<std::uint32_t>(newest + 1));
    if (ring_.size() < ids_max_) {
      ring_.pop_back();
    } else {
      ring_[newest] = {};
      oldest_ = newest;
    }
  }
}

void command_window::link(std::uint32_t at) {
  const auto hash = hash_of(ring_[at - 1].id);
  auto i = home_of(hash);
  while (slots_[i].at != 0) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {tag_of(hash), at};
}

void command_window::unlink(std::uint32_t at) {
  const auto mask = slots_.size() - 1;
  auto hole = home_of(hash_of(ring_[at - 1].id));
  while (slots_[hole].at != at) hole = (hole + 1) & mask;
  // Those behind it that it had pushed on move up, so that no probe ends too soon.
  for (auto i = (hole + 1) & mask; slots_[i].at != 0; i = (i + 1) & mask) {
    const auto home = home_of(hash_of(ring_[slots_[i].at - 1].id));
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    slots_[hole] = slots_[i];
    hole = i;
  }
  slots_[hole] = {};
}

void command_window::grow() {
  slots_.assign(std::max<std::size_t>(slots_.size() * 2, 64), {});
  for (std::uint32_t at = 1; at <= ring_.size(); ++at) {
    if (!ring_[at - 1].id.is_none()) link(at);
  }
}

error version_conflict(const stream_id& stream, expected_version expected, version actual) {
  return {errc::conflict, "version-conflict",
          std::string(stream.text()) + " has version " + std::to_string(count_of(actual)) +
              ", expected " + expected.to_string()};
}

error session_broken() {
  return {errc::conflict, "session-broken",
          "it was decided on a state that was not stored in the end"};
}

error command_id_reused(command_id id) {
  return {errc::invalid, "command-id-reused",
          "command " + id.to_string() + " had its effect before, with another payload or stream"};
}

}  // namespace fasti::persistence
