#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "money.hpp"
#include "text.hpp"

namespace bank {
namespace {

constexpr auto plain_interval = std::chrono::seconds{2};
constexpr std::size_t bar_width = 24;

}  // namespace

bool is_terminal(int fd) { return isatty(fd) == 1; }

bool wants_colour(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
  return is_terminal(fd) && (no_colour == nullptr || *no_colour == '\0');
}

progress_line::progress_line(std::string what)
    : what_(std::move(what)),
      on_terminal_(is_terminal(2)),
      start_(std::chrono::steady_clock::now()),
      next_(start_ + (on_terminal_ ? std::chrono::seconds{0} : plain_interval)) {}

progress_line::~progress_line() { clear(); }

void progress_line::show(std::uint64_t done, std::uint64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  if (!on_terminal_) next_ = now + plain_interval;

  const auto seconds = std::max(1e-3, std::chrono::duration<double>(now - start_).count());
  const auto rate = static_cast<double>(done) / seconds;
  const auto share = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  const auto left = rate > 0 && total >= done ? static_cast<double>(total - done) / rate : 0.0;
  const auto percent = std::to_string(static_cast<int>(share * 100)) + " %";
  const auto figures = count_text(done) + " / " + count_text(total) + "   " +
                       count_text(static_cast<std::uint64_t>(rate)) + "/s   " +
                       duration_text(left) + " left";
  if (on_terminal_) {
    std::cerr << "\r\x1b[K" << what_ << ' ' << pad_right(bar(share, bar_width), bar_width) << ' '
              << pad_left(percent, 5) << "   " << figures << std::flush;
  } else {
    std::cerr << what_ << ": " << percent << "   " << figures << std::endl;
  }
}

void progress_line::clear() {
  if (on_terminal_) std::cerr << "\r\x1b[K" << std::flush;
}

}  // namespace bank
