#include "runtime/http/event_client.hpp"

#include "runtime/http/wording.hpp"

namespace fasti::http {
namespace {

/// A buffer that has grown beyond this is given back when it was written.
constexpr std::size_t text_bytes_kept_max = 64U << 10;

/// The place that a client which has seen nothing is to name when it comes back, if that is known.
/// Without it, one that begins "now" and is cut off before the first event would begin at another
/// now.
std::optional<position> known_place(const start_at& from) {
  if (const auto* p = std::get_if<position>(&from.where())) return *p;
  if (const auto* c = std::get_if<checkpoint>(&from.where())) return c->position;
  return std::nullopt;
}

}  // namespace

result<std::unique_ptr<event_client>> event_client::open(const event_stream& stream,
                                                         std::optional<std::string> last_id,
                                                         const http_options& options) {
  auto wanted = stream.options;
  if (last_id) {
    auto seen = parse_position(*last_id);
    if (!seen) return std::move(seen).error();
    wanted.from = start_at::behind(*seen);
  } else if (std::holds_alternative<start_at::the_head>(wanted.from.where())) {
    wanted.from = start_at::behind(stream.of->stats().journal.head);
  }
  std::unique_ptr<event_client> client(new event_client(stream, options));
  client->text_ = "retry: " + std::to_string(options.retry.count()) + "\n";
  add_event(client->text_, {.id = known_place(wanted.from), .data = std::nullopt});
  auto feed = stream.of->subscribe(
      std::move(wanted),
      [box = client->box_](result<event_batch> came) { box->put(std::move(came)); });
  if (!feed) return std::move(feed).error();
  client->subscription_.emplace(*std::move(feed));
  return client;
}

kj::Promise<void> event_client::run(kj::AsyncOutputStream& to, kj::Timer& timer) {
  to_ = &to;
  timer_ = &timer;
  return write_text().then([this] { return go_on(); });
}

kj::Promise<void> event_client::go_on() {
  if (auto came = box_->take()) {
    if (*came) return write_batch(**came);
    return write_end(came->error().to_string());
  }
  auto something = box_->when_filled().then([] { return true; });
  auto nothing =
      timer_->afterDelay(options_.heartbeat.count() * kj::MILLISECONDS).then([] { return false; });
  return something.exclusiveJoin(kj::mv(nothing)).then([this](bool has_come) {
    return has_come ? go_on() : write_heartbeat();
  });
}

/// The batch is held until the socket has taken its text: that is what slows the subscription down.
kj::Promise<void> event_client::write_batch(const event_batch& batch) {
  held_ = batch;
  const bool is_whole = word(batch);
  return write_text().then([this, is_whole] {
    held_ = {};
    return is_whole ? go_on() : write_end("the text of the next event cannot be made");
  });
}

/// False when an event could not be put into words: those before it are.
bool event_client::word(const event_batch& batch) {
  auto last_told = no_position;
  try {
    for (const auto& e : batch) {
      const auto data = stream_.data(e);
      if (!data) continue;
      add_event(text_, {.id = e.position, .data = *data});
      last_told = e.position;
    }
  } catch (const std::exception& thrown) {
    options_.log(log_level::error, std::string("http: an event stream ends: ") + thrown.what());
    return false;
  }
  // Who comes back need not look again at what was left out.
  if (const auto end = batch.up_to().position; end != last_told) {
    add_event(text_, {.id = end, .data = std::nullopt});
  }
  return true;
}

kj::Promise<void> event_client::write_heartbeat() {
  text_ = ":\n\n";
  return write_text().then([this] { return go_on(); });
}

kj::Promise<void> event_client::write_end(std::string_view why) {
  add_event(text_, {.id = std::nullopt, .name = "ended", .data = why});
  return write_text();
}

kj::Promise<void> event_client::write_text() {
  if (text_.empty()) return kj::READY_NOW;
  return to_->write(text_.data(), text_.size()).then([this] {
    if (text_.capacity() > text_bytes_kept_max) std::string().swap(text_);
    text_.clear();
  });
}

}  // namespace fasti::http
