#include "slower_disk.hpp"

#include <fcntl.h>
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
// By file descriptor:
std::array<std::atomic<std::uint64_t>, files_max> not_sent;  // bytes
std::array<std::atomic<std::int64_t>, files_max> sent_by;    // ns: what was sent is there by then
std::mutex disk;
std::chrono::nanoseconds busy_until{};  // of the disk; protected by `disk`

bool is_slower() { return speed.sync.count() > 0; }

std::atomic<std::uint64_t>* bytes_of(int fd) {
  const auto at = static_cast<std::size_t>(fd);
  return fd >= 0 && at < files_max ? &not_sent[at] : nullptr;
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

/// The disk does one thing at a time. When it will have done this one too.
std::chrono::nanoseconds queue_up(std::chrono::nanoseconds from, std::chrono::nanoseconds by_itself,
                                  std::uint64_t bytes) {
  const auto transfer =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(
          static_cast<double>(bytes) / 1'000'000.0 / speed.megabytes_per_second));
  const std::lock_guard lock(disk);
  busy_until = std::max(from, busy_until) + by_itself + transfer;
  return busy_until;
}

int sync_slowly(long how, int fd) {
  const auto begin = now();
  const long done = ::syscall(how, fd);
  if (done != 0 || !is_slower()) return static_cast<int>(done);
  auto* bytes = bytes_of(fd);
  wait_until(queue_up(begin, speed.sync, bytes == nullptr ? 0 : bytes->exchange(0)));
  return 0;
}

int send_slowly(int fd, off64_t from, off64_t count, unsigned how) {
  const long done = ::syscall(SYS_sync_file_range, fd, from, count, how);
  auto* bytes = bytes_of(fd);
  if (done != 0 || !is_slower() || bytes == nullptr) return static_cast<int>(done);
  auto& before = sent_by[static_cast<std::size_t>(fd)];
  if ((how & SYNC_FILE_RANGE_WAIT_BEFORE) != 0) wait_until(std::chrono::nanoseconds{before});
  if ((how & SYNC_FILE_RANGE_WRITE) != 0) {
    before = queue_up(now(), {}, bytes->exchange(0)).count();
  }
  if ((how & SYNC_FILE_RANGE_WAIT_AFTER) != 0) wait_until(std::chrono::nanoseconds{before});
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

int sync_file_range(int fd, off64_t from, off64_t count, unsigned how) {
  return fasti::bench::send_slowly(fd, from, count, how);
}

int close(int fd) {
  if (auto* bytes = fasti::bench::bytes_of(fd)) bytes->store(0);
  return static_cast<int>(::syscall(SYS_close, fd));
}
}
