// The server's thread: listens, takes connections in up to the limit, and ends them all.

#include <arpa/inet.h>
#include <kj/async-io.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <thread>

#include "fasti/detail/thread_name.hpp"
#include "runtime/http/connection.hpp"
#include "runtime/http/service.hpp"

namespace fasti {
namespace {

using http::counters;
using http::duration_of;
using http::guarded_socket;
using http::site;

constexpr int waiting_clients_max = 64;
/// Those who are one too many get an answer, if they are not too many themselves.
constexpr std::size_t turned_away_max = 16;
constexpr auto pause_without_descriptors = 100 * kj::MILLISECONDS;

/// A connection and what answers on it. Lives as long as its promise.
struct connection {
  connection(kj::Own<kj::AsyncIoStream> accepted, const site& on, kj::UnixEventPort& events)
      : counted(on.counted),
        socket(kj::mv(accepted), events, on.options),
        answers(on, socket),
        server(on.timer, on.headers, answers,
               {.headerTimeout = duration_of(on.options.request_timeout),
                .pipelineTimeout = duration_of(on.options.request_timeout),
                .errorHandler = answers}) {
    ++counted.connections;
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { --counted.connections; }

  counters& counted;
  guarded_socket socket;
  http::service answers;
  kj::HttpServer server;
};

/// Who comes in, and who is turned away.
class reception final : private kj::TaskSet::ErrorHandler {
 public:
  reception(const site& on, kj::UnixEventPort& events, kj::Own<kj::ConnectionReceiver> door)
      : site_(on), events_(events), door_(kj::mv(door)), tasks_(*this) {}

  /// Never done.
  kj::Promise<void> run() {
    return door_->accept().then(
        [this](kj::Own<kj::AsyncIoStream> client) {
          // What goes wrong with one of them is not for the next one to suffer from.
          auto failed = kj::runCatchingExceptions([&] { admit(kj::mv(client)); });
          KJ_IF_MAYBE (why, failed) {
            taskFailed(kj::mv(*why));
          }
          return run();
        },
        [this](kj::Exception&& why) {
          site_.options.log(log_level::warning, "http: nobody can come in: " + text_of(why));
          return site_.timer.afterDelay(pause_without_descriptors).then([this] { return run(); });
        });
  }

 private:
  static std::string text_of(const kj::Exception& e) {
    const auto text = e.getDescription();
    return {text.begin(), text.size()};
  }

  void admit(kj::Own<kj::AsyncIoStream> client) {
    if (site_.counted.connections >= site_.options.connections_max) {
      ++site_.counted.refused;
      if (turned_away_ < turned_away_max) tasks_.add(turn_away(kj::mv(client)));
      return;
    }
    auto c = kj::heap<connection>(kj::mv(client), site_, events_);
    auto done = c->server.listenHttpCleanDrain(c->socket).ignoreResult();
    tasks_.add(done.attach(kj::mv(c)));
  }

  kj::Promise<void> turn_away(kj::Own<kj::AsyncIoStream> client) {
    ++turned_away_;
    auto leaves = kj::defer([this] { --turned_away_; });
    auto told = http::dismiss(*client, site_.timer, 503,
                              "as many clients are connected as may be; come back later");
    return told.attach(kj::mv(client), kj::mv(leaves));
  }

  /// A client's connection that broke is its own affair.
  void taskFailed(kj::Exception&& why) override {
    site_.options.log(log_level::debug, "http: a connection ended: " + text_of(why));
  }

  const site& site_;
  kj::UnixEventPort& events_;
  kj::Own<kj::ConnectionReceiver> door_;
  std::size_t turned_away_ = 0;
  kj::TaskSet tasks_;  // the last: what runs in it uses the others
};

/// A socket that listens on loopback, and its port.
struct listening {
  kj::AutoCloseFd socket;
  std::uint16_t port = 0;
};

error no_socket(std::string_view what, int code) {
  return {errc::unavailable, "no-socket", std::string(what) + ": " + std::strerror(code)};
}

result<listening> listen_on(const http_options& options) {
  sockaddr_storage address{};
  socklen_t size = 0;
  if (options.on == loopback::ipv4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(options.port);
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(options.port);
    v6.sin6_addr = in6addr_loopback;
    size = sizeof v6;
  }
  auto* at = reinterpret_cast<sockaddr*>(&address);
  kj::AutoCloseFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return no_socket("socket", errno);
  // Or a server that was closed a moment ago would keep its port from the next one.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, at, size) != 0 || ::listen(fd, waiting_clients_max) != 0) {
    const auto port = "port " + std::to_string(options.port);
    if (errno == EADDRINUSE) {
      return error{errc::unavailable, "port-taken",
                   port + " is used by another program; take another, or 0 for any that is free"};
    }
    if (errno == EACCES) {
      return error{errc::invalid, "port-forbidden",
                   port + " is for root only; take one from 1024 on"};
    }
    return no_socket(port, errno);
  }
  if (::getsockname(fd, at, &size) != 0) return no_socket("getsockname", errno);
  const auto port = options.on == loopback::ipv4
                        ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                        : reinterpret_cast<const sockaddr_in6&>(address).sin6_port;
  return listening{kj::mv(fd), ntohs(port)};
}

result<void> check_routes(const std::vector<http_route>& routes) {
  const auto malformed = [](const http_route& r, const char* why) {
    return error{errc::invalid, "malformed-route", "\"" + r.path + "\" " + why};
  };
  for (auto r = routes.begin(); r != routes.end(); ++r) {
    if (!r->path.starts_with('/')) return malformed(*r, "does not begin with a slash");
    const auto is_same = [r](const http_route& other) { return other.path == r->path; };
    if (std::any_of(routes.begin(), r, is_same)) return malformed(*r, "is there twice");
    const auto* handler = std::get_if<http_handler>(&r->serves);
    const auto* stream = std::get_if<event_stream>(&r->serves);
    if (handler != nullptr && !*handler) return malformed(*r, "has no handler");
    if (stream != nullptr && (stream->of == nullptr || !stream->data)) {
      return malformed(*r, "has no runtime, or no text for its events");
    }
  }
  return {};
}

}  // namespace

class http_server::engine {
 public:
  engine(std::vector<http_route> routes, http_options options, listening on)
      : routes_(std::move(routes)),
        options_(std::move(options)),
        port_(on.port),
        socket_(kj::mv(on.socket)) {}
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine() {
    if (stop_.get() != nullptr) stop_->fulfill();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] result<void> start();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] loopback on() const noexcept { return options_.on; }
  [[nodiscard]] const counters& counted() const noexcept { return counted_; }

 private:
  void serve(std::promise<result<void>>& started);

  const std::vector<http_route> routes_;
  const http_options options_;
  const std::uint16_t port_;
  kj::AutoCloseFd socket_;  // its thread's, from its start
  counters counted_;
  kj::Own<kj::CrossThreadPromiseFulfiller<void>> stop_;  // set before it has started
  std::thread thread_;
};

result<void> http_server::engine::start() {
  std::promise<result<void>> started;
  auto has_started = started.get_future();
  thread_ = std::thread([this, &started] {
    detail::name_this_thread("fasti.http");
    serve(started);
  });
  return has_started.get();
}

void http_server::engine::serve(std::promise<result<void>>& started) {
  bool is_up = false;
  try {
    auto io = kj::setupAsyncIo();
    kj::HttpHeaderTable::Builder headers;
    const auto last_event_id = headers.add("Last-Event-ID");
    const auto table = headers.build();
    auto& timer = io.provider->getTimer();
    const site here{routes_, options_, *table, last_event_id, timer, counted_};
    reception open(here, io.unixEventPort,
                   io.lowLevelProvider->wrapListenSocketFd(kj::mv(socket_)));
    auto stop = kj::newPromiseAndCrossThreadFulfiller<void>();
    stop_ = kj::mv(stop.fulfiller);
    is_up = true;
    started.set_value({});
    stop.promise.exclusiveJoin(open.run()).wait(io.waitScope);
  } catch (const std::exception& e) {
    // Before it was up: the caller's to tell. After that: nothing is known that could do it.
    if (!is_up) return started.set_value(error{errc::unavailable, "no-socket", e.what()});
    options_.log(log_level::error, std::string("http: the server has stopped: ") + e.what());
  }
}

result<http_server> http_server::open(std::vector<http_route> routes, http_options options) {
  if (auto checked = check_routes(routes); !checked) return std::move(checked).error();
  if (!options.log) options.log = log_to_stderr;
  auto on = listen_on(options);
  if (!on) return std::move(on).error();
  auto made = std::make_unique<engine>(std::move(routes), std::move(options), *std::move(on));
  if (auto started = made->start(); !started) return std::move(started).error();
  return http_server(std::move(made));
}

http_server::http_server(std::unique_ptr<engine> e) : engine_(std::move(e)) {}
http_server::http_server(http_server&&) noexcept = default;
http_server& http_server::operator=(http_server&&) noexcept = default;
http_server::~http_server() = default;

std::uint16_t http_server::port() const noexcept { return engine_->port(); }

std::string http_server::url() const {
  const char* host = engine_->on() == loopback::ipv4 ? "127.0.0.1" : "[::1]";
  return "http://" + std::string(host) + ":" + std::to_string(port());
}

http_stats http_server::stats() const noexcept {
  const auto& c = engine_->counted();
  return {c.connections, c.streams, c.requests, c.refused};
}

}  // namespace fasti
