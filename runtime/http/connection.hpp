#pragma once
/// A client's socket with its limits: how large a request may be, how long a write may stand still,
/// and whether anybody is there at all.

#include <kj/async-io.h>
#include <kj/async-unix.h>

#include "fasti/http.hpp"

namespace fasti::http {

/// A last word to one who is not served. What he has sent is read before the end: else the system
/// would take the answer back. At most for a second.
[[nodiscard]] kj::Promise<void> dismiss(kj::AsyncIoStream& client, kj::Timer& timer, int status,
                                        std::string_view why);

class guarded_socket final : public kj::AsyncIoStream {
 public:
  guarded_socket(kj::Own<kj::AsyncIoStream> socket, kj::UnixEventPort& events,
                 const http_options& options);

  /// The request is there: the next one may be as large again.
  void on_request() noexcept { taken_ = 0; }
  [[nodiscard]] bool is_over_limit() const noexcept { return taken_ > request_bytes_max_; }
  /// Done when the client has closed its side. Meant for answers without an end: he who only closed
  /// the side that he sends on is taken for one who has gone, as browsers never do that.
  [[nodiscard]] kj::Promise<void> when_gone();
  /// For a request of which no more is read.
  [[nodiscard]] kj::Promise<void> dismiss(int status, std::string_view why) {
    return http::dismiss(*socket_, events_.getTimer(), status, why);
  }

  kj::Promise<size_t> tryRead(void* to, size_t least, size_t most) override;
  kj::Promise<void> write(const void* from, size_t size) override;
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override;
  kj::Promise<void> whenWriteDisconnected() override { return socket_->whenWriteDisconnected(); }
  void shutdownWrite() override { socket_->shutdownWrite(); }
  void abortRead() override { socket_->abortRead(); }

 private:
  kj::Promise<void> look_whether_gone(int fd, kj::UnixEventPort::FdObserver& observer);

  kj::Own<kj::AsyncIoStream> socket_;
  kj::UnixEventPort& events_;
  const std::size_t request_bytes_max_;
  const kj::Duration stalled_timeout_;
  std::size_t taken_ = 0;  // since the last request
};

[[nodiscard]] inline kj::Duration duration_of(std::chrono::milliseconds t) {
  return static_cast<std::int64_t>(t.count()) * kj::MILLISECONDS;
}

}  // namespace fasti::http
