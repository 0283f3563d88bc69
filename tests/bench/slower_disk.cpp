#include "slower_disk.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>
#include <mutex>

namespace fasti::bench {
namespace {

constexpr std::size_t files_max = 4096;

disk_speed speed;
std::array<std::atomic<std::uint64_t>, files_max> not_synced;  // bytes, by file descriptor
std::mutex disk;
std::chrono::nanoseconds busy_until{};  // of the disk; protected by `disk`

bool is_slower() { return speed.sync.count() > 0; }

std::atomic<std::uint64_t>* bytes_of(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  return fd >= 0 && at < files_max ? &not_synced[at] : nullptr;
}

void note(int fd, ssize_t wrote) {
  if (auto* bytes = bytes_of(fd); bytes != nullptr && wrote > 0) {
    bytes->fetch_add(static_cast<std::uint64_t>(wrote), std::memory_order_relaxed);
  }
}

std::chrono::nanoseconds now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

void wait_until(std::chrono::nanoseconds then) {
  // The kernel may be late by 50 us unless it is told not to, each thread for itself.
  thread_local const int exact = ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  static_cast<void>(exact);
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(then);
  const timespec t{whole.count(), (then - whole).count()};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) != 0) {
  }
}

int sync_slowly(long how, int fd) {
  const auto begin = now();
  const long done = ::syscall(how, fd);
  if (done != 0 || !is_slower()) return static_cast<int>(done);
  auto* bytes = bytes_of(fd);
  const auto megabytes =
      bytes == nullptr ? 0.0 : static_cast<double>(bytes->exchange(0)) / 1'000'000.0;
  const auto transfer = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(megabytes / speed.megabytes_per_second));
  std::chrono::nanoseconds end{};
  {
    const std::lock_guard lock(disk);
    end = std::max(begin, busy_until) + speed.sync + transfer;
    busy_until = end;
  }
  wait_until(end);
  return 0;
}

}  // namespace

void slow_down(const disk_speed& to) { speed = to; }

}  // namespace fasti::bench

// The libraries' calls end here, too: a program's own symbols come first.
extern "C" {

ssize_t write(int fd, const void* from, std::size_t bytes) {
  const auto wrote = ::syscall(SYS_write, fd, from, bytes);
  fasti::bench::note(fd, wrote);
  return wrote;
}

ssize_t pwrite(int fd, const void* from, std::size_t bytes, off_t at) {
  const auto wrote = ::syscall(SYS_pwrite64, fd, from, bytes, at);
  fasti::bench::note(fd, wrote);
  return wrote;
}

ssize_t pwrite64(int fd, const void* from, std::size_t bytes, off64_t at) {
  return pwrite(fd, from, bytes, at);
}

int fsync(int fd) { return fasti::bench::sync_slowly(SYS_fsync, fd); }
int fdatasync(int fd) { return fasti::bench::sync_slowly(SYS_fdatasync, fd); }

int close(int fd) {
  if (auto* bytes = fasti::bench::bytes_of(fd)) bytes->store(0);
  return static_cast<int>(::syscall(SYS_close, fd));
}
}
