#pragma once
/// The contestants of the append benchmark. Each makes the same events durable, `in_flight` of them
/// for each sync where it can choose, and says how many it did in the time it was given.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fasti::bench {

struct outcome {
  std::uint64_t events = 0;
  std::chrono::nanoseconds took{};
  std::vector<std::chrono::nanoseconds> latencies;  ///< From handing over to durable; a sample.
  [[nodiscard]] double per_second() const {
    return static_cast<double>(events) / std::chrono::duration<double>(took).count();
  }
};

class engine {
 public:
  virtual ~engine() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Appends for about `duration`, `in_flight` events at a time. `directory` is empty and its own.
  [[nodiscard]] virtual outcome run(const std::string& directory, std::size_t in_flight,
                                    std::chrono::nanoseconds duration) = 0;
};

/// In the order of the table: plain file, raw LevelDB, fasti's journal, fasti end to end.
[[nodiscard]] std::vector<std::unique_ptr<engine>> all_engines();

/// Bytes of one event's record, the same for all.
[[nodiscard]] std::size_t event_bytes();

}  // namespace fasti::bench
