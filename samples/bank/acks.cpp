#include "acks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

namespace bank {

std::optional<ack_writer> ack_writer::open(const std::string& target) {
  ack_writer writer;
  const char* end = target.data() + target.size();
  const auto read = std::from_chars(target.data(), end, writer.fd_);
  if (read.ec == std::errc{} && read.ptr == end && writer.fd_ >= 0) {
    if (fcntl(writer.fd_, F_GETFD) < 0) return std::nullopt;
    return writer;
  }
  writer.fd_ = ::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (writer.fd_ < 0) return std::nullopt;
  writer.is_ours_ = true;
  return writer;
}

ack_writer::ack_writer(ack_writer&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      is_ours_(std::exchange(other.is_ours_, false)),
      pending_(std::move(other.pending_)) {}

ack_writer& ack_writer::operator=(ack_writer&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(is_ours_, other.is_ours_);
  std::swap(pending_, other.pending_);
  return *this;
}

ack_writer::~ack_writer() {
  if (is_ours_) ::close(fd_);
}

void ack_writer::add(fasti::command_id id) {
  if (fd_ < 0) return;
  pending_ += id.to_string();
  pending_ += '\n';
}

bool ack_writer::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const auto written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  pending_.clear();
  return true;
}

}  // namespace bank
