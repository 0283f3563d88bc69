#pragma once
/// What the journal holds: recorded events going out, commits coming in.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fasti/ids.hpp"
#include "fasti/trace.hpp"

namespace fasti {

/// Cap'n Proto's unit: 8 bytes, aligned. (Not `capnp::word`, which clang can neither copy nor keep
/// in a vector.)
using word = std::uint64_t;

/// In which order something is read.
enum class direction : std::uint8_t { forwards, backwards };

/// The words of one single-segment Cap'n Proto message, not owned.
using body_view = std::span<const word>;

/// The tags of an event, in the order in which it got them. A view of packed names: each with a
/// zero byte behind it.
class tag_list {
 public:
  tag_list() = default;
  explicit tag_list(std::string_view packed) noexcept : packed_(packed) {}

  [[nodiscard]] bool empty() const noexcept { return packed_.empty(); }
  [[nodiscard]] bool contains(std::string_view tag) const noexcept {
    return !each([tag](std::string_view has) { return has != tag; });
  }
  [[nodiscard]] std::vector<std::string_view> all() const {
    std::vector<std::string_view> names;
    each([&names](std::string_view has) { return names.push_back(has), true; });
    return names;
  }
  /// Calls `visitor(tag)`; false from it ends the walk, and is what comes back then.
  template <class Visitor>
  bool each(Visitor&& visitor) const {
    for (std::size_t at = 0; at < packed_.size();) {
      const auto end = packed_.find('\0', at);
      if (!visitor(packed_.substr(at, end - at))) return false;
      at = end == std::string_view::npos ? packed_.size() : end + 1;
    }
    return true;
  }
  [[nodiscard]] std::string_view packed() const noexcept { return packed_; }

 private:
  std::string_view packed_;
};

/// An event as the journal gives it out. A view: everything here lives as long as the call that
/// handed it over, no longer. Copy what you keep.
struct recorded_event {
  unique_id id;                ///< Names this event for ever; the same on every read.
  type_id type{};              ///< The Cap'n Proto struct's id.
  std::string_view stream;     ///< `category-key`.
  fasti::version version{};    ///< Place in the stream, 1..n without a gap.
  fasti::position position{};  ///< Place in the journal, 1..n without a gap.
  timestamp time;              ///< When it was written; never goes back along positions.
  fasti::command_id command;   ///< The command that led to it.
  unique_id correlation;       ///< The whole conversation.
  unique_id causation;         ///< The one message that led to it.
  trace_context trace;         ///< Of the command, if it came with one.
  std::string_view metadata;   ///< Opaque bytes of the application.
  tag_list tags;               ///< What it is found by besides; gone when it was truncated.
  body_view body;              ///< The event itself; empty when it was truncated.
  /// Not 0: its stream was truncated, and the event at this position says why.
  fasti::position truncated_by{};

  [[nodiscard]] bool is_truncated() const noexcept { return truncated_by != no_position; }
  [[nodiscard]] std::string_view category() const noexcept {
    return stream.substr(0, stream.find('-'));
  }
  [[nodiscard]] std::string_view key() const noexcept {
    return stream.substr(stream.find('-') + 1);
  }
};

/// Where a command comes from; all optional. What is left out: a generated command id, correlation
/// and causation equal to the command id, no metadata.
struct command_origin {
  command_id id = {};
  unique_id correlation = {};
  unique_id causation = {};
  std::string metadata =
      {};  ///< Opaque, stored with every event. At most `limits::metadata_bytes_max`.
  trace_context trace = {};
};

/// What a command answered besides that it was committed: a Cap'n Proto struct, if its decider
/// declared one.
struct command_reply {
  type_id type{};
  std::vector<word> body;

  [[nodiscard]] bool is_none() const noexcept { return body.empty(); }
  friend bool operator==(const command_reply&, const command_reply&) = default;
};

/// All events of one command, appended atomically: to one stream as a rule, to several if need be.
/// Owns its bytes. A commit without events is a **barrier**: nothing is stored, and it completes
/// when everything handed over before it is durable.
struct commit {
  struct event {
    type_id type{};
    std::uint32_t words = 0;      ///< Length of its body in `bodies`, in the order of the events.
    std::uint32_t tag_bytes = 0;  ///< … and of its tags in `tags`.
  };
  struct part {
    stream_id stream;
    expected_version expected = expected_version::no_stream();
    std::uint32_t events = 0;  ///< How many of `events` go to this stream, in order.
  };
  /// A stream that gets nothing, but that the decision rests on: it must still have this version.
  struct guard {
    stream_id stream;
    expected_version expected = expected_version::no_stream();
  };

  command_origin origin;
  /// Hash of the command's type, stream and payload: tells a repeat from a misuse of its id (P8).
  std::uint64_t fingerprint = 0;
  std::vector<part> parts;
  std::vector<guard> guards;  ///< Not stored. Not a stream of `parts`, and none twice.
  std::vector<event> events;
  std::vector<word> bodies;
  std::string tags;     ///< Packed, as `tag_list` reads them.
  command_reply reply;  ///< Stored with the events, so that a repeat gets it back (P8).

  [[nodiscard]] bool is_barrier() const noexcept { return events.empty(); }
  /// Calls `visitor(type, body, tags)` for each event in order; false from it ends the walk, and is
  /// what comes back then. Precondition: the lengths add up.
  template <class Visitor>
  bool each_event(Visitor&& visitor) const {
    body_view rest = bodies;
    std::string_view rest_of_tags = tags;
    for (const auto& e : events) {
      if (!visitor(e.type, rest.first(e.words), tag_list(rest_of_tags.substr(0, e.tag_bytes)))) {
        return false;
      }
      rest = rest.subspan(e.words);
      rest_of_tags.remove_prefix(e.tag_bytes);
    }
    return true;
  }
};

/// What is known of a commit once it is durable.
struct committed {
  enum class kind : std::uint8_t {
    fresh,   ///< Stored by this very append.
    repeat,  ///< The command id had its effect before; this is its first outcome (P8).
    barrier  ///< No events: everything before it is durable.
  };
  kind what = kind::fresh;
  fasti::position first_position{};  ///< 0 for a barrier.
  fasti::position last_position{};   ///< For a barrier: the head of the journal at that moment.
  fasti::version version{};          ///< Of the first stream, after the commit.
  timestamp time;
};

/// What the sender of a command gets when it is durable.
struct receipt {
  stream_id stream;
  fasti::version version{};    ///< Of the stream, after the command.
  fasti::position position{};  ///< Of its last event: hand it to a query to read your own write.
  command_id command;
  std::uint32_t events = 0;  ///< 0: accepted, and nothing had to happen.
  committed::kind what = committed::kind::fresh;
  timestamp time;
  command_reply reply;  ///< Of a command that declares one.
};

}  // namespace fasti
