#pragma once
/// A relay between a browser and a server on loopback, whose connections the test can cut.

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

namespace fasti::test {

class relay {
 public:
  explicit relay(std::uint16_t to);
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;
  ~relay();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// Ends all connections, in the middle of whatever they carry. New ones are let through.
  void cut() { wants_cut_ = true; }
  /// How many were cut.
  [[nodiscard]] int cuts() const noexcept { return cuts_; }

 private:
  void run();
  void take_in();
  [[nodiscard]] static bool pass(int from, int to);

  const std::uint16_t to_;
  int door_ = -1;
  std::uint16_t port_ = 0;
  std::vector<std::pair<int, int>> pairs_;  // the thread's
  std::atomic<bool> wants_cut_{false};
  std::atomic<bool> wants_end_{false};
  std::atomic<int> cuts_{0};
  std::thread thread_;
};

}  // namespace fasti::test
