#pragma once
/// The parts of the proof. Each goes on until its time is over, or to its end, and says what it
/// found. A finding names the seed that brings it back.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace fasti::prove {

/// What a part has done so far; safe to use from several threads.
class tally {
 public:
  tally(std::chrono::milliseconds budget, int findings_max)
      : ends_(std::chrono::steady_clock::now() + budget), findings_max_(findings_max) {}

  [[nodiscard]] bool goes_on() const {
    return std::chrono::steady_clock::now() < ends_ && findings_count_ < findings_max_;
  }
  void count(std::uint64_t checked = 1) { checked_ += checked; }
  void find(const std::string& what) {
    ++findings_count_;
    const std::lock_guard lock(mutex_);
    findings_.push_back(what);
  }
  [[nodiscard]] std::uint64_t checked() const { return checked_; }
  [[nodiscard]] std::vector<std::string> findings() const {
    const std::lock_guard lock(mutex_);
    return findings_;
  }

 private:
  const std::chrono::steady_clock::time_point ends_;
  const int findings_max_;
  std::atomic<std::uint64_t> checked_{0};
  std::atomic<int> findings_count_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> findings_;  // protected by mutex_
};

/// Cuts after every operation of scripts (all subsets of what was not synced, while they are few)
/// and of random loads. P1, P3, P4, P5, P8, P10.
void crash_images(tally& t, std::uint64_t seed);
/// An error at every operation in turn, then a cut. P1, P5, P11, P12.
void disk_errors(tally& t, std::uint64_t seed);
/// Every bit of every file of small stores. P10.
void bit_flips(tally& t, std::uint64_t seed);
/// A real process, killed after a random number of acknowledgements, again and again. P1, P3, P4,
/// P8.
void kills(tally& t, std::uint64_t seed);
/// What `kills` starts: appends to the journal in `directory` for ever, and writes a line for each
/// acknowledgement to descriptor 3.
int append_until_killed(const std::string& directory, std::uint64_t seed);

}  // namespace fasti::prove
