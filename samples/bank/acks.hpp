#pragma once
/// Writes down the id of each command that was acknowledged, one a line, past every buffer of this
/// process: what has been read there was committed, whatever happens to us next.

#include <fasti/ids.hpp>

#include <optional>
#include <string>

namespace bank {

class ack_writer {
 public:
  /// Writes nowhere.
  ack_writer() = default;
  /// A number is an open file descriptor; anything else a file that is appended to.
  [[nodiscard]] static std::optional<ack_writer> open(const std::string& target);
  ack_writer(ack_writer&& other) noexcept;
  ack_writer& operator=(ack_writer&& other) noexcept;
  ~ack_writer();

  void add(fasti::command_id id);
  /// Hands over what was added. False when it could not be written.
  [[nodiscard]] bool flush();

 private:
  int fd_ = -1;
  bool is_ours_ = false;
  std::string pending_;
};

}  // namespace bank
