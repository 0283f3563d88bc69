#include "bench_kit.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fasti::bench {
namespace {

namespace fs = std::filesystem;

template <class Visitor>
void each_file_below(const std::string& path, Visitor&& visitor) {
  std::error_code ec;
  for (auto i = fs::recursive_directory_iterator(path, ec); i != fs::recursive_directory_iterator();
       i.increment(ec)) {
    if (i->is_regular_file(ec)) visitor(*i);
  }
}

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

void tell_progress(std::string_view what) {
  static auto last = stopwatch::now();
  if (seconds_since(last) < 2) return;
  last = stopwatch::now();
  std::fprintf(stderr, "bench: %.*s\n", static_cast<int>(what.size()), what.data());
}

double quantile(std::vector<double> values, double fraction) {
  const double last = static_cast<double>(values.size() - 1);
  const auto at = static_cast<std::size_t>(std::lround(fraction * last));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

double median_ratio(const std::vector<double>& of, const std::vector<double>& to) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < of.size(); ++i) ratios.push_back(of[i] / to[i]);
  return median(std::move(ratios));
}

scratch::scratch(std::string path) : path_(std::move(path)) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

scratch::~scratch() {
  std::error_code ec;
  fs::remove_all(path_, ec);
}

std::uint64_t bytes_below(const std::string& path) {
  std::uint64_t bytes = 0;
  each_file_below(path, [&](const fs::directory_entry& file) {
    std::error_code ec;
    const auto size = file.file_size(ec);
    if (!ec) bytes += size;
  });
  return bytes;
}

void calm_disk(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || ::syncfs(fd) != 0) fail("cannot sync the disk of " + path);
  ::close(fd);
}

void evict_below(const std::string& path) {
  each_file_below(path, [](const fs::directory_entry& file) {
    const int fd = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) fail("cannot open " + file.path().string());
    // Only pages that are on the disk can be given up.
    if (::fdatasync(fd) != 0) fail("cannot sync " + file.path().string());
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  });
}

void fetch_below(const std::string& path) {
  std::vector<char> room(1U << 20);
  each_file_below(path, [&room](const fs::directory_entry& file) {
    std::ifstream in(file.path(), std::ios::binary);
    while (in.read(room.data(), static_cast<std::streamsize>(room.size()))) {
    }
  });
}

std::optional<io_counts> io_now() {
  std::ifstream in("/proc/self/io");
  if (!in) return std::nullopt;
  io_counts counts;
  std::string name;
  for (std::uint64_t value = 0; in >> name >> value;) {
    if (name == "wchar:") counts.write_calls_bytes = value;
    if (name == "write_bytes:") counts.written_bytes = value;
    if (name == "read_bytes:") counts.read_bytes = value;
  }
  return counts;
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
}

}  // namespace fasti::bench
