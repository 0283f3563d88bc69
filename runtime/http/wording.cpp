#include "runtime/http/wording.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "fasti/http.hpp"

namespace fasti::http {
namespace {

std::optional<unsigned char> hex_pair(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 2) return std::nullopt;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + 2, value, 16);
  if (failed != std::errc() || end != text.data() + 2) return std::nullopt;
  return static_cast<unsigned char>(value);
}

/// What is malformed stays as it came.
std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? hex_pair(text.substr(i + 1)) : std::nullopt;
    if (byte) {
      plain += static_cast<char>(*byte);
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equal_but_for_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

}  // namespace

bool is_loopback_host(std::string_view host) noexcept {
  static constexpr std::array<std::string_view, 3> names{"localhost", "127.0.0.1", "[::1]"};
  return std::any_of(names.begin(), names.end(), [host](std::string_view name) {
    if (!equal_but_for_case(host.substr(0, name.size()), name)) return false;
    const auto rest = host.substr(name.size());
    if (rest.empty()) return true;
    const auto port = rest.substr(1);
    return rest.front() == ':' && !port.empty() && std::all_of(port.begin(), port.end(), is_digit);
  });
}

std::optional<std::string> parameter_of(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = pair.find('=');
    if (decoded(pair.substr(0, equals)) != name) continue;
    return equals == pair.npos ? std::string() : decoded(pair.substr(equals + 1));
  }
  return std::nullopt;
}

result<position> parse_position(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && end == text.data() + text.size() && !text.empty()) {
    return position{value};
  }
  return error{errc::invalid, "malformed-position",
               "\"" + std::string(text.substr(0, 40)) + "\" is not the id of an event"};
}

void add_event(std::string& to, const sent_event& e) {
  if (e.id) to.append("id: ").append(std::to_string(count_of(*e.id))) += '\n';
  if (!e.name.empty()) to.append("event: ").append(e.name) += '\n';
  if (e.data) {
    // Each line of it is a field of its own; a browser puts them together again.
    auto rest = *e.data;
    while (true) {
      const auto end = rest.find_first_of("\r\n");
      to.append("data: ").append(rest.substr(0, end)) += '\n';
      if (end == rest.npos) break;
      const bool is_pair = rest.substr(end, 2) == "\r\n";
      rest.remove_prefix(end + (is_pair ? 2 : 1));
    }
  }
  to += '\n';
}

std::string_view status_text(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Other";
  }
}

}  // namespace fasti::http

std::optional<std::string> fasti::http_request::parameter(std::string_view name) const {
  return http::parameter_of(query, name);
}
