#include "relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace fasti::test {
namespace {

constexpr int look_again_ms = 10;

sockaddr_in loopback_at(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

}  // namespace

relay::relay(std::uint16_t to) : to_(to) {
  door_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto at = loopback_at(0);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (::bind(door_, address, size) != 0 || ::listen(door_, 16) != 0 ||
      ::getsockname(door_, address, &size) != 0) {
    throw std::runtime_error("no port for the relay");
  }
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { run(); });
}

relay::~relay() {
  wants_end_ = true;
  thread_.join();
  ::close(door_);
}

void relay::run() {
  while (!wants_end_) {
    std::vector<pollfd> waits{{door_, POLLIN, 0}};
    for (const auto& [client, server] : pairs_) {
      waits.push_back({client, POLLIN, 0});
      waits.push_back({server, POLLIN, 0});
    }
    ::poll(waits.data(), waits.size(), look_again_ms);
    const bool cuts = wants_cut_.exchange(false);
    std::vector<std::pair<int, int>> left;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const auto [client, server] = pairs_[i];
      const bool goes_on = !cuts && (waits[1 + 2 * i].revents == 0 || pass(client, server)) &&
                           (waits[2 + 2 * i].revents == 0 || pass(server, client));
      if (goes_on) {
        left.push_back(pairs_[i]);
        continue;
      }
      cuts_ += cuts ? 1 : 0;
      ::close(client);
      ::close(server);
    }
    pairs_ = std::move(left);
    if ((waits[0].revents & POLLIN) != 0) take_in();
  }
  for (const auto& [client, server] : pairs_) ::close(client), ::close(server);
}

void relay::take_in() {
  const int client = ::accept(door_, nullptr, nullptr);
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto at = loopback_at(to_);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) {
    pairs_.emplace_back(client, server);
    return;
  }
  ::close(client);
  ::close(server);
}

bool relay::pass(int from, int to) {
  std::array<char, 16384> bytes{};
  const auto got = ::recv(from, bytes.data(), bytes.size(), 0);
  for (ssize_t sent = 0; sent < got;) {
    const auto n =
        ::send(to, bytes.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += n;
  }
  return got > 0;
}

}  // namespace fasti::test
