#pragma once
/// What stands between the bytes of HTTP and server-sent events and what they mean. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "fasti/ids.hpp"
#include "fasti/result.hpp"

namespace fasti::http {

/// A Host header that names this machine and nothing else: "localhost", "127.0.0.1" or "[::1]",
/// with or without a port.
[[nodiscard]] bool is_loopback_host(std::string_view host) noexcept;

/// The value of `name` in "a=1&b=2", decoded; none when it is not there.
[[nodiscard]] std::optional<std::string> parameter_of(std::string_view query,
                                                      std::string_view name);

/// An event's id as a client gives it back. Errors: `invalid` ("malformed-position").
[[nodiscard]] result<position> parse_position(std::string_view text);

/// An event as a browser reads it. One without data only says where the stream is; `name` empty: a
/// plain message.
struct sent_event {
  std::optional<position> id;
  std::string_view name = {};
  std::optional<std::string_view> data;
};
void add_event(std::string& to, const sent_event& e);

[[nodiscard]] std::string_view status_text(int status) noexcept;

}  // namespace fasti::http
