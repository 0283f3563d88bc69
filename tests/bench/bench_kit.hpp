#pragma once
/// What the parts of the benchmarks share: figures, directories, the process's counters.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fasti::bench {

using stopwatch = std::chrono::steady_clock;
[[nodiscard]] inline double seconds_since(stopwatch::time_point begin) {
  return std::chrono::duration<double>(stopwatch::now() - begin).count();
}

/// Says what went wrong and ends the program: a benchmark has nothing to save.
[[noreturn]] void fail(const std::string& what);

/// One line on stderr, at most every two seconds.
void tell_progress(std::string_view what);

/// Preconditions: not empty, and `fraction` between 0 and 1.
[[nodiscard]] double quantile(std::vector<double> values, double fraction);
[[nodiscard]] double median(std::vector<double> values);
/// Round for round: engines of one round had the same weather. Precondition: equally many.
[[nodiscard]] double median_ratio(const std::vector<double>& of, const std::vector<double>& to);

/// An empty directory that goes with the object.
class scratch {
 public:
  explicit scratch(std::string path);
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// Lengths of all files below.
[[nodiscard]] std::uint64_t bytes_below(const std::string& path);
/// Writes back whatever waits for this disk, so that no measurement pays for what went before it.
void calm_disk(const std::string& path);
/// Writes back all files below and gives up their pages: the next read of them goes to the disk.
void evict_below(const std::string& path);

/// The next read of any file below finds its pages in memory, as far as they fit.
void fetch_below(const std::string& path);

/// What the kernel counts for this process (/proc/self/io); nothing where there is no such file.
struct io_counts {
  std::uint64_t write_calls_bytes = 0;  ///< wchar: handed to write().
  std::uint64_t written_bytes = 0;      ///< write_bytes: pages made dirty.
  std::uint64_t read_bytes = 0;         ///< read_bytes: fetched from the disk.
};
[[nodiscard]] std::optional<io_counts> io_now();

/// Processor time of all threads of this process, in seconds.
[[nodiscard]] double cpu_seconds();

}  // namespace fasti::bench
