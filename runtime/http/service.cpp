#include "runtime/http/service.hpp"

#include <algorithm>

#include "runtime/http/event_client.hpp"
#include "runtime/http/wording.hpp"

namespace fasti::http {
namespace {

std::string_view view_of(kj::StringPtr text) { return {text.begin(), text.size()}; }

int status_of(const error& e) {
  if (e.reason == "checkpoint-ahead") return 409;
  switch (e.code) {
    case errc::invalid:
      return 400;
    case errc::unavailable:
    case errc::closed:
      return 503;
    default:
      return 500;
  }
}

/// One of the streams, as long as it is there.
class stream_place {
 public:
  explicit stream_place(counters& counted) : counted_(counted) { ++counted_.streams; }
  stream_place(const stream_place&) = delete;
  stream_place& operator=(const stream_place&) = delete;
  ~stream_place() { --counted_.streams; }

 private:
  counters& counted_;
};

}  // namespace

kj::Promise<void> service::request(kj::HttpMethod method, kj::StringPtr url,
                                   const kj::HttpHeaders& headers, kj::AsyncInputStream&,
                                   Response& response) {
  socket_.on_request();
  ++site_.counted.requests;
  const auto host = headers.get(kj::HttpHeaderId::HOST).orDefault("");
  if (!is_loopback_host(view_of(host))) {
    return refuse(response, 403,
                  "this server answers to localhost, 127.0.0.1 and [::1] only; the request names "
                  "another host, or none");
  }
  const auto asked_for = view_of(url);
  if (!asked_for.starts_with('/')) return refuse(response, 400, "a path begins with a slash");
  const auto mark = asked_for.find('?');
  const http_request asked{
      std::string(asked_for.substr(0, mark)),
      mark == asked_for.npos ? std::string() : std::string(asked_for.substr(mark + 1))};
  const auto* route = find_route(asked.path);
  if (route == nullptr) return refuse(response, 404, "there is nothing here of that name");
  if (method != kj::HttpMethod::GET && method != kj::HttpMethod::HEAD) {
    return refuse(response, 405,
                  "there is only GET and HEAD here: this server shows, it changes "
                  "nothing");
  }
  if (const auto* handler = std::get_if<http_handler>(&route->serves)) {
    return call(*handler, asked, response);
  }
  std::optional<std::string> last_id;
  KJ_IF_MAYBE (id, headers.get(site_.last_event_id)) {
    last_id = std::string(view_of(*id));
  } else {
    last_id = asked.parameter("after");
  }
  return open_stream(std::get<event_stream>(route->serves), std::move(last_id), method, response);
}

kj::Promise<void> service::call(const http_handler& handler, const http_request& asked,
                                Response& response) const {
  try {
    return reply(response, handler(asked));
  } catch (const std::exception& thrown) {
    site_.options.log(log_level::error, "http: " + asked.path + ": " + thrown.what());
    return refuse(response, 500, "what serves this path has failed; the log says why");
  }
}

kj::Promise<void> service::open_stream(const event_stream& stream,
                                       std::optional<std::string> last_id, kj::HttpMethod method,
                                       Response& response) const {
  if (site_.counted.streams >= site_.options.streams_max) {
    ++site_.counted.refused;
    return refuse(response, 503,
                  "as many event streams are open as may be; close one, or come "
                  "back later");
  }
  auto client = event_client::open(stream, std::move(last_id), site_.options);
  if (!client) return refuse(response, status_of(client.error()), client.error().to_string());
  auto to = response.send(200, "OK", headers_of("text/event-stream"));
  if (method == kj::HttpMethod::HEAD) return kj::READY_NOW;

  auto& running = **client;
  auto served = running.run(*to, site_.timer).exclusiveJoin(socket_.when_gone().then([] {
    kj::throwFatalException(KJ_EXCEPTION(DISCONNECTED, "the client has gone"));
  }));
  // From the last to the first: the subscription ends before the stream that it is written to.
  return served.attach(std::move(*client))
      .attach(kj::mv(to))
      .attach(kj::heap<stream_place>(site_.counted));
}

const http_route* service::find_route(std::string_view path) const {
  const auto& all = site_.routes;
  const auto found =
      std::find_if(all.begin(), all.end(), [path](const auto& r) { return r.path == path; });
  return found == all.end() ? nullptr : &*found;
}

/// A page of ours may load what this server serves, and nothing else; nobody else may use it.
kj::HttpHeaders service::headers_of(std::string_view content_type) const {
  kj::HttpHeaders all(site_.headers);
  all.set(kj::HttpHeaderId::CONTENT_TYPE, kj::heapString(content_type.data(), content_type.size()));
  all.add("Cache-Control", "no-store");
  all.add("Content-Security-Policy",
          "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  all.add("Cross-Origin-Resource-Policy", "same-origin");
  all.add("Referrer-Policy", "no-referrer");
  all.add("X-Content-Type-Options", "nosniff");
  return all;
}

kj::Promise<void> service::reply(Response& to, http_reply with) const {
  auto headers = headers_of(with.content_type);
  if (with.status == 405) headers.add("Allow", "GET, HEAD");
  const auto text = status_text(with.status);
  auto out = to.send(static_cast<kj::uint>(with.status), kj::heapString(text.data(), text.size()),
                     headers, with.body.size());
  auto body = kj::heap<std::string>(std::move(with.body));
  auto written = out->write(body->data(), body->size());
  return written.attach(kj::mv(out), kj::mv(body));
}

kj::Promise<void> service::refuse(Response& to, int status, std::string why) const {
  return reply(to, {.status = status, .body = std::move(why) + "\n"});
}

kj::Promise<void> service::handleClientProtocolError(kj::HttpHeaders::ProtocolError why,
                                                     Response& response) {
  return refuse(
      response, static_cast<int>(why.statusCode),
      "this is not HTTP as this server speaks it: " + std::string(view_of(why.description)));
}

/// Without a response the request had not come as a whole, or its answer is under way.
kj::Promise<void> service::handleApplicationError(kj::Exception why,
                                                  kj::Maybe<Response&> response) {
  if (socket_.is_over_limit()) {
    ++site_.counted.refused;
    return socket_.dismiss(431, "the request is larger than this server takes");
  }
  if (why.getType() == kj::Exception::Type::DISCONNECTED) return kj::READY_NOW;
  KJ_IF_MAYBE (to, response) {
    site_.options.log(log_level::error, "http: " + std::string(view_of(why.getDescription())));
    return refuse(*to, 500, "this server has failed; its log says why");
  }
  return kj::READY_NOW;
}

kj::Promise<void> service::handleNoResponse(Response& response) {
  return refuse(response, 500, "this server has no answer to that");
}

}  // namespace fasti::http
