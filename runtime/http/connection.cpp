#include "runtime/http/connection.hpp"

#include <fcntl.h>
#include <kj/debug.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http/wording.hpp"

namespace fasti::http {
namespace {

/// One step of a write: a client that takes so much in `stalled_timeout` is alive.
constexpr std::size_t step_bytes = 16U << 10;
constexpr auto goodbye_limit = 1 * kj::SECONDS;

kj::Promise<void> read_to_the_end(kj::AsyncIoStream& client, kj::ArrayPtr<kj::byte> into) {
  return client.tryRead(into.begin(), 1, into.size()).then([&client, into](size_t bytes) {
    return bytes == 0 ? kj::Promise<void>(kj::READY_NOW) : read_to_the_end(client, into);
  });
}

}  // namespace

kj::Promise<void> dismiss(kj::AsyncIoStream& client, kj::Timer& timer, int status,
                          std::string_view why) {
  auto answer = kj::heap<std::string>("HTTP/1.1 ");
  answer->append(std::to_string(status)).append(" ").append(status_text(status));
  *answer += "\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  answer->append(why) += '\n';
  auto told = client.write(answer->data(), answer->size());
  auto left = told.then([&client] {
    client.shutdownWrite();
    auto scrap = kj::heapArray<kj::byte>(4096);
    auto done = read_to_the_end(client, scrap);
    return done.attach(kj::mv(scrap));
  });
  return timer.timeoutAfter(goodbye_limit, kj::mv(left)).attach(kj::mv(answer));
}

guarded_socket::guarded_socket(kj::Own<kj::AsyncIoStream> socket, kj::UnixEventPort& events,
                               const http_options& options)
    : socket_(kj::mv(socket)),
      events_(events),
      request_bytes_max_(options.request_bytes_max),
      stalled_timeout_(duration_of(options.stalled_timeout)) {
  const int bytes = static_cast<int>(options.socket_bytes);
  socket_->setsockopt(SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

kj::Promise<size_t> guarded_socket::tryRead(void* to, size_t least, size_t most) {
  return socket_->tryRead(to, least, most).then([this](size_t bytes) {
    taken_ += bytes;
    KJ_REQUIRE(!is_over_limit(), "a request is too large");
    return bytes;
  });
}

kj::Promise<void> guarded_socket::write(const void* from, size_t size) {
  const auto now = std::min(size, step_bytes);
  auto written = events_.getTimer().timeoutAfter(stalled_timeout_, socket_->write(from, now));
  if (now == size) return written;
  return written.then([this, rest = static_cast<const kj::byte*>(from) + now, left = size - now] {
    return write(rest, left);
  });
}

kj::Promise<void> guarded_socket::write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) {
  if (pieces.size() == 0) return kj::READY_NOW;
  return write(pieces[0].begin(), pieces[0].size()).then([this, pieces] {
    return write(pieces.slice(1, pieces.size()));
  });
}

kj::Promise<void> guarded_socket::when_gone() {
  const int fd = KJ_REQUIRE_NONNULL(socket_->getFd());
  // A descriptor of its own: the event port knows each but once.
  const int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  KJ_REQUIRE(again >= 0, "no descriptor is left");
  auto owned = kj::heap<kj::AutoCloseFd>(again);
  auto observer = kj::heap<kj::UnixEventPort::FdObserver>(
      events_, again, kj::UnixEventPort::FdObserver::OBSERVE_READ);
  auto gone = look_whether_gone(again, *observer);
  return gone.attach(kj::mv(observer)).attach(kj::mv(owned));
}

kj::Promise<void> guarded_socket::look_whether_gone(int fd,
                                                    kj::UnixEventPort::FdObserver& observer) {
  char byte = 0;
  const auto seen = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool has_failed = seen < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
  if (seen == 0 || has_failed) return kj::READY_NOW;
  return observer.whenBecomesReadable().then([this, fd, &observer]() -> kj::Promise<void> {
    KJ_IF_MAYBE (is_at_end, observer.atEndHint()) {
      if (*is_at_end) return kj::READY_NOW;
    }
    return look_whether_gone(fd, observer);
  });
}

}  // namespace fasti::http
