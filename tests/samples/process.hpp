#pragma once
/// Programs as a user starts them: arguments in, output and exit code out.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fasti::test {

/// A directory that goes with this object.
class scratch_directory {
 public:
  scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory();

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct finished {
  int exit_code = -1;  ///< Meaningful when `signal` is 0.
  int signal = 0;      ///< What killed it.
  std::string out;
  std::string err;
};

/// A program under way. Its descriptor 3 is a pipe that we read: one that holds few lines, so that
/// the program cannot run far ahead of what we have read.
class child {
 public:
  static constexpr int pipe_fd = 3;
  static constexpr int pipe_bytes = 4096;

  /// `arguments[0]` is the program.
  explicit child(const std::vector<std::string>& arguments);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child();

  /// The next line from the pipe; none when the program has closed it or is gone.
  [[nodiscard]] std::optional<std::string> read_line();
  /// What it has written to stderr up to now.
  [[nodiscard]] std::string err_so_far() const;
  void send_signal(int signal) const;
  [[nodiscard]] finished wait();

 private:
  scratch_directory files_;
  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string pending_;
};

/// Starts it and waits for its end.
[[nodiscard]] finished run(const std::vector<std::string>& arguments);

[[nodiscard]] std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);

}  // namespace fasti::test
