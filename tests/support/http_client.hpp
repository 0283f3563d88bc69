#pragma once
/// A client of our HTTP server on a plain socket: what it sends and when it reads is the test's.
/// Whatever does not come in a minute fails the test instead of hanging it.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fasti::test {

struct http_answer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
};

struct event_seen {
  std::optional<std::uint64_t> id;
  std::string name;
  std::optional<std::string> data;
  bool is_comment = false;
};

class http_client {
 public:
  /// `receive_bytes`: what the system may keep for it, when it does not read; 0: as usual.
  explicit http_client(std::uint16_t port, int receive_bytes = 0,
                       const char* address = "127.0.0.1");
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;
  ~http_client() { close(); }

  [[nodiscard]] bool is_connected() const noexcept { return fd_ >= 0; }
  void send(std::string_view bytes) const;
  /// `GET path` with the headers that one needs, and these: "Name: value\r\n".
  void ask(std::string_view path, std::string_view headers = {}, std::string_view method = "GET");

  /// All of an answer that has an end. Status 0: the connection ended before one came.
  [[nodiscard]] http_answer read_answer();
  /// An answer up to its headers; `next_event` reads on.
  [[nodiscard]] http_answer read_head();
  /// Asks for a stream; that it is given is asserted.
  void follow(std::string_view path, std::string_view headers = {});
  /// The next event, or comment; none when the stream has ended.
  [[nodiscard]] std::optional<event_seen> next_event();
  /// The next event that has data.
  [[nodiscard]] std::optional<event_seen> next_message();
  /// Whether the server has closed the connection; reads all that comes before.
  [[nodiscard]] bool is_ended();

  void close();
  /// As one whose machine goes away: no farewell.
  void reset();

 private:
  bool read_more();
  [[nodiscard]] std::optional<std::string> line_of(std::string& from, bool (http_client::*more)());
  bool read_chunk();

  int fd_ = -1;
  bool is_head_ = false;
  std::string raw_;     // read, not understood yet
  std::string stream_;  // without the chunks' frames
};

/// One request on a connection of its own.
[[nodiscard]] http_answer get(std::uint16_t port, std::string_view path,
                              std::string_view headers = {}, std::string_view method = "GET");

}  // namespace fasti::test
