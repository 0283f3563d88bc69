#include "process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace fasti::test {
namespace {

/// Between fork and exec: only what is safe there.
[[noreturn]] void become(char** arguments, const char* out, const char* err, int pipe) {
  const int out_fd = ::open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  const int err_fd = ::open(err, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (::dup2(out_fd, 1) < 0 || ::dup2(err_fd, 2) < 0) ::_exit(126);
  if (pipe == child::pipe_fd) {
    ::fcntl(pipe, F_SETFD, 0);
  } else if (::dup2(pipe, child::pipe_fd) < 0) {
    ::_exit(126);
  }
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

scratch_directory::scratch_directory() {
  auto pattern = (std::filesystem::temp_directory_path() / "fasti-samples-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

child::child(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const auto out = files_ / "out";
  const auto err = files_ / "err";
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  ::fcntl(ends[0], F_SETPIPE_SZ, pipe_bytes);
  pid_ = ::fork();
  if (pid_ == 0) become(argv.data(), out.c_str(), err.c_str(), ends[1]);
  ::close(ends[1]);
  pipe_ = ends[0];
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

child::~child() {
  if (pid_ > 0) {
    send_signal(SIGKILL);
    (void)wait();
  }
  ::close(pipe_);
}

std::optional<std::string> child::read_line() {
  while (true) {
    if (const auto end = pending_.find('\n'); end != std::string::npos) {
      auto line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    std::array<char, 1024> chunk{};
    const auto got = ::read(pipe_, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    pending_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::string child::err_so_far() const { return read_text(files_ / "err"); }

void child::send_signal(int signal) const { ::kill(pid_, signal); }

finished child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  finished f;
  if (WIFSIGNALED(status)) f.signal = WTERMSIG(status);
  if (WIFEXITED(status)) f.exit_code = WEXITSTATUS(status);
  f.out = read_text(files_ / "out");
  f.err = read_text(files_ / "err");
  return f;
}

finished run(const std::vector<std::string>& arguments) {
  child c(arguments);
  return c.wait();
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace fasti::test
