#include "persistence/commit_rules.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace fasti::persistence {
namespace {

error over(const char* reason, std::size_t has, std::size_t may) {
  return {errc::invalid, reason,
          "it has " + std::to_string(has) + ", at most " + std::to_string(may) + " are allowed"};
}

error malformed(std::string detail) {
  return {errc::invalid, "malformed-commit", std::move(detail)};
}

/// Each event's names end with a zero byte, none is empty, and there is nothing else.
result<void> check_tags(const commit& c, const journal_limits& limits) {
  std::string_view rest = c.tags;
  for (const auto& e : c.events) {
    if (e.tag_bytes == 0) continue;
    if (e.tag_bytes > limits.tag_bytes_max) {
      return over("tags-too-large", e.tag_bytes, limits.tag_bytes_max);
    }
    if (e.tag_bytes > rest.size()) return malformed("the tags' lengths do not add up");
    const auto own = rest.substr(0, e.tag_bytes);
    rest.remove_prefix(e.tag_bytes);
    if (own.back() != '\0' || own.front() == '\0' ||
        own.find(std::string_view("\0\0", 2)) != std::string_view::npos) {
      return malformed("a tag is empty, or has a zero byte");
    }
  }
  if (!rest.empty()) return malformed("the tags' lengths do not add up");
  return {};
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
  const auto words = c.bodies.size() + c.reply.body.size();
  if (words * word_bytes > limits.commit_bytes_max) {
    return over("commit-too-large", words * word_bytes, limits.commit_bytes_max);
  }
  if (c.reply.body.size() * word_bytes > limits.event_bytes_max) {
    return over("reply-too-large", c.reply.body.size() * word_bytes, limits.event_bytes_max);
  }
  for (const auto& e : c.events) {
    if (e.words * word_bytes > limits.event_bytes_max) {
      return over("event-too-large", e.words * word_bytes, limits.event_bytes_max);
    }
  }
  return {};
}

/// Each stream is there once: it gets events, or it must be what it was.
result<void> check_streams(const commit& c) {
  if (c.parts.size() > std::min<std::size_t>(c.events.size(), parts_max)) {
    return malformed("more streams than events, or than " + std::to_string(parts_max));
  }
  if (c.guards.size() > parts_max) {
    return malformed("more guards than " + std::to_string(parts_max));
  }
  std::uint64_t events = 0;
  for (const auto& p : c.parts) {
    if (p.stream.empty() || p.events == 0) return malformed("a stream without a name or events");
    events += p.events;
  }
  if (events != c.events.size()) return malformed("the streams' events do not add up");
  if (c.parts.size() + c.guards.size() == 1) return {};  // as a rule
  std::vector<std::string_view> names;
  for (const auto& p : c.parts) names.push_back(p.stream.text());
  for (const auto& g : c.guards) {
    if (g.stream.empty()) return malformed("a stream without a name");
    names.push_back(g.stream.text());
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) == names.end()) return {};
  return malformed("the same stream twice");
}

}  // namespace

result<void> check_commit(const commit& c, const journal_limits& limits) {
  if (c.is_barrier()) {
    const bool is_bare = c.parts.empty() && c.guards.empty() && c.bodies.empty();
    if (is_bare && c.reply.is_none()) return {};
    return malformed("a commit without events must have no streams, no bodies and no reply");
  }
  if (c.origin.id.is_none()) return malformed("it has no command id");
  if (auto good = check_sizes(c, limits); !good) return good;
  if (auto good = check_tags(c, limits); !good) return good;
  std::uint64_t words = 0;
  for (const auto& e : c.events) {
    if (e.words == 0) return malformed("an event without a body");
    words += e.words;
  }
  if (words != c.bodies.size()) return malformed("the events' lengths do not add up");
  return check_streams(c);
}

bool has_one_of(const tag_list& tags, const std::vector<std::string>& wanted) {
  return !tags.each([&wanted](std::string_view tag) {
    return std::find(wanted.begin(), wanted.end(), tag) == wanted.end();
  });
}

error version_conflict(std::string_view stream, expected_version expected, version actual) {
  return {errc::conflict, "version-conflict",
          std::string(stream) + " has version " + std::to_string(count_of(actual)) + ", expected " +
              expected.to_string()};
}

error no_such_position(position at, position head) {
  return {errc::invalid, "no-such-position",
          "there is no event at position " + std::to_string(count_of(at)) +
              ", the journal ends at " + std::to_string(count_of(head))};
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
