#pragma once
/// What one subscription sees of the journal, batch by batch: the events that fit, copied, so that
/// they can be kept.

#include <memory_resource>

#include "fasti/journal.hpp"
#include "fasti/subscription.hpp"

namespace fasti::core {

/// Events with all that they point to, in memory of their own.
class kept_events {
 public:
  void add(const recorded_event& e);
  /// No more are added: gives back what is too much.
  void end() { events_.shrink_to_fit(); }
  [[nodiscard]] const std::vector<recorded_event>& events() const noexcept { return events_; }
  /// That they take; about.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::string_view keep(std::string_view text);

  std::pmr::monotonic_buffer_resource memory_;
  std::vector<recorded_event> events_;
  std::size_t bytes_ = 0;
};

class event_reader {
 public:
  struct limits {
    std::size_t events_max;
    std::size_t bytes_max;
  };
  struct batch {
    std::shared_ptr<const kept_events> kept;
    position looked_at{};  ///< All that fits up to here is in it, or came before.
  };

  /// Begins behind `at`. Precondition: if `only` names a stream, it is well-formed.
  event_reader(event_filter only, position at, const limits& l);

  /// The next batch, of what is durable up to `to`. Errors: those of the journal's `read`.
  [[nodiscard]] result<batch> read(const journal& from, position to);
  /// Up to where it has read.
  [[nodiscard]] position at() const noexcept { return range_.after; }

 private:
  [[nodiscard]] result<position> read_all(const journal& from, position to, kept_events& into);
  [[nodiscard]] result<position> read_stream(const journal& from, position to, kept_events& into);
  [[nodiscard]] result<version> first_version(const journal& from) const;
  [[nodiscard]] bool fits(const recorded_event& e) const;
  [[nodiscard]] bool is_full(const kept_events& k) const;

  const limits limits_;
  const std::optional<stream_id> stream_;  // of this one only
  std::optional<version> next_;            // of it, once it was looked for
  journal_range range_;                    // what fits, behind where it is
};

}  // namespace fasti::core
