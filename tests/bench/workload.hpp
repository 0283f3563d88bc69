#pragma once
/// The events that every engine gets: the same bytes in the same order.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fasti/event.hpp"

namespace fasti::bench {

/// What a record needs beside its body: ids, stream, type, time, a checksum.
inline constexpr std::size_t record_header_bytes = 72;
/// What of that is the user's own: two ids, a type, a time. The measure of write amplification.
inline constexpr std::size_t logical_header_bytes = 56;

/// Bytes of an event, built beforehand; engines copy them.
struct event_bytes_sample {
  std::vector<word> body;  ///< For the journal, which makes its own header.
  std::string record;      ///< Header and body, for the engines that have none.
};

struct new_event {
  std::uint64_t position = 0;  ///< 1, 2, 3 …
  std::uint64_t version = 0;   ///< In its stream: 1, 2, 3 …
  const stream_id* stream = nullptr;
  const event_bytes_sample* bytes = nullptr;
};

[[nodiscard]] std::size_t body_bytes();
[[nodiscard]] std::size_t record_bytes();
[[nodiscard]] std::size_t logical_bytes();

class workload {
 public:
  static constexpr std::size_t streams_usual = 10'000;

  /// 10 k streams, one event each in turn.
  workload();
  /// `schedule[i]`: to which of `streams` the event at position i+1 goes. It ends with the list.
  workload(std::vector<stream_id> streams, std::vector<std::uint32_t> schedule);

  /// The next `n` events; they live until the next call.
  [[nodiscard]] std::span<const new_event> take(std::size_t n);
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

 private:
  [[nodiscard]] std::size_t stream_at(std::uint64_t number) const;
  const std::vector<stream_id> streams_;
  const std::vector<std::uint32_t> schedule_;
  std::vector<std::uint64_t> versions_;
  std::vector<new_event> batch_;
  std::uint64_t taken_ = 0;
};

}  // namespace fasti::bench
