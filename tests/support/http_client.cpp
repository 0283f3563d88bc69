#include "tests/support/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace fasti::test {
namespace {

constexpr int patience_ms = 60'000;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// "name: value"; the value without the blank before it.
std::pair<std::string, std::string> field_of(const std::string& line) {
  const auto colon = line.find(':');
  auto value = colon == line.npos ? std::string() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.erase(0, 1);
  return {line.substr(0, colon), value};
}

}  // namespace

http_client::http_client(std::uint16_t port, int receive_bytes, const char* address) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
  if (!is_v6) inet_pton(AF_INET, address, &v4.sin_addr);
  v6.sin6_family = AF_INET6;
  v4.sin_family = AF_INET;
  v6.sin6_port = v4.sin_port = htons(port);
  fd_ = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  const auto* to =
      is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  const auto size = static_cast<socklen_t>(is_v6 ? sizeof v6 : sizeof v4);
  if (::connect(fd_, to, size) != 0) close();
}

void http_client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return;  // the server has closed; what it said can be read still
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void http_client::ask(std::string_view path, std::string_view headers, std::string_view method) {
  is_head_ = method == "HEAD";
  std::string text;
  text.append(method).append(" ").append(path).append(" HTTP/1.1\r\n");
  if (headers.find("Host:") == headers.npos) text += "Host: localhost\r\n";
  send(text.append(headers).append("\r\n"));
}

bool http_client::read_more() {
  if (!is_connected()) {
    ADD_FAILURE() << "not connected";
    return false;
  }
  pollfd waits{fd_, POLLIN, 0};
  if (::poll(&waits, 1, patience_ms) <= 0) {
    ADD_FAILURE() << "nothing has come for a minute";
    return false;
  }
  std::array<char, 8192> bytes{};
  const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  raw_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> http_client::line_of(std::string& from, bool (http_client::*more)()) {
  auto end = from.find('\n');
  for (; end == from.npos; end = from.find('\n')) {
    if (!(this->*more)()) return std::nullopt;
  }
  auto line = from.substr(0, end);
  from.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

http_answer http_client::read_head() {
  http_answer a;
  const auto first = line_of(raw_, &http_client::read_more);
  if (!first || !first->starts_with("HTTP/1.1 ")) return a;
  a.status = std::atoi(first->c_str() + 9);
  while (const auto line = line_of(raw_, &http_client::read_more)) {
    if (line->empty()) break;
    auto [name, value] = field_of(*line);
    a.headers[lower(name)] = value;
  }
  return a;
}

http_answer http_client::read_answer() {
  auto a = read_head();
  if (is_head_ || a.status == 0) return a;
  if (a.headers.contains("content-length")) {
    const auto size = std::stoul(a.headers["content-length"]);
    while (raw_.size() < size && read_more()) {
    }
    a.body = raw_.substr(0, size);
    raw_.erase(0, size);
  } else if (a.headers["transfer-encoding"] == "chunked") {
    while (read_chunk()) {
    }
    a.body = std::exchange(stream_, {});
  } else {
    while (read_more()) {
    }
    a.body = std::exchange(raw_, {});
  }
  return a;
}

void http_client::follow(std::string_view path, std::string_view headers) {
  ask(path, headers);
  EXPECT_EQ(read_head().status, 200);
}

/// False at the end, whether it was announced or not.
bool http_client::read_chunk() {
  const auto line = line_of(raw_, &http_client::read_more);
  if (!line) return false;
  const auto size = std::stoul(*line, nullptr, 16);
  while (raw_.size() < size + 2) {
    if (!read_more()) return false;
  }
  stream_ += raw_.substr(0, size);
  raw_.erase(0, size + 2);
  return size > 0;
}

std::optional<event_seen> http_client::next_event() {
  event_seen e;
  bool is_any = false;
  while (const auto line = line_of(stream_, &http_client::read_chunk)) {
    if (line->empty()) {
      if (is_any) return e;
      continue;
    }
    is_any = true;
    const auto [name, value] = field_of(*line);
    if (name.empty()) e.is_comment = true;
    if (name == "id") e.id = std::stoull(value);
    if (name == "event") e.name = value;
    if (name == "data") e.data = e.data ? *e.data + "\n" + value : value;
  }
  return std::nullopt;
}

std::optional<event_seen> http_client::next_message() {
  while (auto e = next_event()) {
    if (e->data) return e;
  }
  return std::nullopt;
}

bool http_client::is_ended() {
  const auto failed_before = testing::Test::HasFailure();
  while (read_more()) {
  }
  return failed_before == testing::Test::HasFailure();
}

void http_client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void http_client::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

http_answer get(std::uint16_t port, std::string_view path, std::string_view headers,
                std::string_view method) {
  http_client c(port);
  c.ask(path, headers, method);
  return c.read_answer();
}

}  // namespace fasti::test
