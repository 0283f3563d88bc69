#pragma once
/// A small HTTP server for people and scrapers on the same machine: figures, a page, a live stream
/// of events. Link `fasti::http`.
///
///     auto server = fasti::http_server::open(
///         {{"/", [](const auto&) { return fasti::http_reply{.body = "hello\n"}; }},
///          {"/events", fasti::event_stream{.of = &rt, .data = text_of}}},
///         {.port = 8080});
///     if (!server) …                        // server.error() says what and what now
///
/// It listens on loopback, answers GET and HEAD, and has no rights to check and no secrets to keep:
/// whoever can reach a port of this machine can read it. A request that names another host than
/// this one is refused, so that a page from elsewhere cannot read it through a name of its own (DNS
/// rebinding). To show it to others put a server of theirs in front.
///
/// One thread serves all; it is the server's own. What a client may cost is in `http_options`.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fasti/options.hpp"
#include "fasti/subscription.hpp"

namespace fasti {

class runtime;

struct http_request {
  std::string path;   ///< As it was asked for: "/metrics".
  std::string query;  ///< What stands behind the question mark, as it came.

  /// The value of `name` in the query, decoded; none when it is not there.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

struct http_reply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
};

/// Called on the server's thread, one call at a time: as long as it takes, all clients wait. What
/// it throws is answered with 500, and logged.
using http_handler = std::function<http_reply(const http_request&)>;

/// A stream of recorded events for browsers: server-sent events, each with its position as its id.
///
/// A client that comes back says which id it has seen (`Last-Event-ID`, as browsers do by
/// themselves, or `?after=17`) and goes on behind it: nothing is left out and nothing comes twice.
/// Who says neither begins at `options.from`. A position that is malformed is answered with 400,
/// one that the journal does not have yet with 409.
///
/// A batch is let go of when it was written to the socket, so a client that is slow costs its
/// batches, the text of one of them and a socket's buffers, and slows nobody. Where nothing comes a
/// comment does, every now and then. When the stream cannot go on its last event is called
/// "ended" and says why.
struct event_stream {
  /// Its events. Must stay where it is until the server has gone; it may be closed before: streams
  /// end then, and new ones are answered with 503.
  runtime* of = nullptr;
  subscription_options options = {};
  /// The data of an event; none: it is left out. Called on the server's thread. If it throws, the
  /// stream ends.
  std::function<std::optional<std::string>(const recorded_event&)> data = {};
};

struct http_route {
  std::string path;  ///< Fits as a whole: "/", "/metrics".
  std::variant<http_handler, event_stream> serves;
};

enum class loopback : std::uint8_t { ipv4, ipv6 };

/// Where it listens, and the limits.
struct http_options {
  std::uint16_t port = 0;  ///< 0: any that is free; `port()` says which.
  loopback on = loopback::ipv4;

  /// Clients at a time; one more is told 503.
  std::size_t connections_max = 64;
  /// … of which so many may have an event stream; one more is told 503.
  std::size_t streams_max = 32;
  /// A request with its headers; a larger one is told 431.
  std::size_t request_bytes_max = 16U << 10;
  /// What the system keeps for a client that does not read. (Linux takes twice as much.)
  std::size_t socket_bytes = 64U << 10;
  /// A request has to come as a whole in this time, else its client is let go of.
  std::chrono::milliseconds request_timeout = std::chrono::seconds{10};
  /// A client that takes nothing for so long is let go of.
  std::chrono::milliseconds stalled_timeout = std::chrono::seconds{30};
  /// An event stream on which nothing came for so long gets a comment: who has gone is found.
  std::chrono::milliseconds heartbeat = std::chrono::seconds{10};
  /// What a browser is told to wait before it comes back.
  std::chrono::milliseconds retry = std::chrono::seconds{1};

  log_sink log = {};  ///< Empty: warnings and errors go to stderr.
};

/// Figures for people; a consistent moment is not promised.
struct http_stats {
  std::size_t connections = 0;  ///< Now.
  std::size_t streams = 0;      ///< … of which with an event stream.
  std::uint64_t requests = 0;   ///< Since open.
  std::uint64_t refused = 0;    ///< Since open: those over a limit.
};

/// A server at work. Its end closes all connections and waits for the call of a handler that is
/// under way; so it must not end in one. All functions may be called from any thread, but moving it
/// from one at a time.
class http_server {
 public:
  /// Errors: `unavailable` ("port-taken": somebody has it; "no-socket"), `invalid`
  /// ("malformed-route", "port-forbidden").
  /// Side effect, once a process: SIGPIPE is ignored from then on.
  [[nodiscard]] static result<http_server> open(std::vector<http_route> routes,
                                                http_options options = {});

  http_server(http_server&&) noexcept;
  http_server& operator=(http_server&&) noexcept;
  ~http_server();

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// "http://127.0.0.1:8080".
  [[nodiscard]] std::string url() const;
  [[nodiscard]] http_stats stats() const noexcept;

 private:
  class engine;
  explicit http_server(std::unique_ptr<engine> e);

  std::unique_ptr<engine> engine_;
};

}  // namespace fasti
