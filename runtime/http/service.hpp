#pragma once
/// From a request to its answer: is it for this machine, is there such a route, may it be asked
/// this way.

#include <kj/compat/http.h>

#include <atomic>
#include <string>
#include <vector>

#include "runtime/http/connection.hpp"

namespace fasti::http {

/// What the server counts. Only its own thread writes.
struct counters {
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> streams{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> refused{0};
};

/// What all connections share. Constant while the server runs.
struct site {
  const std::vector<http_route>& routes;
  const http_options& options;
  const kj::HttpHeaderTable& headers;
  const kj::HttpHeaderId last_event_id;
  kj::Timer& timer;
  counters& counted;
};

/// The answers on one connection.
class service final : public kj::HttpService, public kj::HttpServerErrorHandler {
 public:
  service(const site& on, guarded_socket& socket) : site_(on), socket_(socket) {}

  kj::Promise<void> request(kj::HttpMethod method, kj::StringPtr url,
                            const kj::HttpHeaders& headers, kj::AsyncInputStream& body,
                            Response& response) override;

  kj::Promise<void> handleClientProtocolError(kj::HttpHeaders::ProtocolError why,
                                              Response& response) override;
  kj::Promise<void> handleApplicationError(kj::Exception why,
                                           kj::Maybe<Response&> response) override;
  kj::Promise<void> handleNoResponse(Response& response) override;

 private:
  kj::Promise<void> reply(Response& to, http_reply with) const;
  kj::Promise<void> refuse(Response& to, int status, std::string why) const;
  kj::Promise<void> call(const http_handler& handler, const http_request& asked,
                         Response& response) const;
  kj::Promise<void> open_stream(const event_stream& stream, std::optional<std::string> last_id,
                                kj::HttpMethod method, Response& response) const;
  [[nodiscard]] const http_route* find_route(std::string_view path) const;
  [[nodiscard]] kj::HttpHeaders headers_of(std::string_view content_type) const;

  const site& site_;
  guarded_socket& socket_;
};

}  // namespace fasti::http
