#pragma once
/// One client of an event stream: takes batches from its mailbox, writes them, and lets go of each
/// when it was written.

#include <kj/async-io.h>
#include <kj/timer.h>

#include <memory>

#include "fasti/http.hpp"
#include "fasti/runtime.hpp"
#include "runtime/http/mailbox.hpp"

namespace fasti::http {

class event_client {
 public:
  /// Where it begins is the client's to say, or the route's. Errors: `invalid`
  /// ("malformed-position", "checkpoint-ahead"), `closed`.
  [[nodiscard]] static result<std::unique_ptr<event_client>> open(
      const event_stream& stream, std::optional<std::string> last_id, const http_options& options);

  /// Done when the stream has ended for a reason of its own; its last event has told. `to` and
  /// `timer` must outlive the promise, as must this object.
  [[nodiscard]] kj::Promise<void> run(kj::AsyncOutputStream& to, kj::Timer& timer);

 private:
  event_client(const event_stream& stream, const http_options& options)
      : stream_(stream), options_(options) {}

  [[nodiscard]] kj::Promise<void> go_on();
  [[nodiscard]] kj::Promise<void> write_batch(const event_batch& batch);
  [[nodiscard]] kj::Promise<void> write_end(std::string_view why);
  [[nodiscard]] kj::Promise<void> write_heartbeat();
  [[nodiscard]] kj::Promise<void> write_text();
  [[nodiscard]] bool word(const event_batch& batch);

  const event_stream& stream_;
  const http_options& options_;
  std::shared_ptr<mailbox> box_ = std::make_shared<mailbox>();
  std::optional<subscription> subscription_;
  std::string text_;  // being written
  event_batch held_;  // … of this one
  kj::AsyncOutputStream* to_ = nullptr;
  kj::Timer* timer_ = nullptr;
};

}  // namespace fasti::http
