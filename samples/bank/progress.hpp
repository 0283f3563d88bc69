#pragma once
/// How far it is, on stderr: one line that rewrites itself on a terminal, a line every few seconds
/// elsewhere.

#include <chrono>
#include <cstdint>
#include <string>

namespace bank {

/// Whether a stream (1 stdout, 2 stderr) is a terminal that wants colours: NO_COLOR says no.
[[nodiscard]] bool is_terminal(int fd);
[[nodiscard]] bool wants_colour(int fd);

class progress_line {
 public:
  explicit progress_line(std::string what);
  ~progress_line();
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  void show(std::uint64_t done, std::uint64_t total);
  /// Takes the line off the terminal, so that something else can be said.
  void clear();

 private:
  std::string what_;
  bool on_terminal_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace bank
