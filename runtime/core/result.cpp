#include "fasti/result.hpp"

#include <array>
#include <cstdio>

#include "runtime/core/check.hpp"

namespace fasti {
namespace {

struct code_text {
  std::string_view name;
  std::string_view next;
};

constexpr std::array<code_text, 7> texts{{
    {"rejected", "nothing was stored; tell who asked"},
    {"conflict", "nothing was stored; look at the stream again, then retry"},
    {"unavailable", "nothing was stored; retry later"},
    {"unknown", "ask again with the same command id"},
    {"corrupt", "stop and tell the operator; nothing damaged was returned as good"},
    {"invalid", "mend the call, then retry"},
    {"closed", "nothing was stored; open the runtime again"},
}};

const code_text& text_of(errc code) noexcept {
  return texts[static_cast<std::size_t>(code) - static_cast<std::size_t>(errc::rejected)];
}

/// Details may carry ids and paths from outside: one line, no control characters.
std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

}  // namespace

std::string_view name_of(errc code) noexcept { return text_of(code).name; }
std::string_view next_step(errc code) noexcept { return text_of(code).next; }

std::string error::to_string() const {
  std::string text(name_of(code));
  text += ": ";
  text += one_line(reason);
  if (!detail.empty()) {
    text += ": ";
    text += one_line(detail);
  }
  text += " (";
  text += next_step(code);
  text += ')';
  return text;
}

namespace detail {

void result_misused(const error* held) noexcept {
  if (held == nullptr)
    core::check_failed("error() of a result that has a value", __FILE__, __LINE__);
  std::fprintf(stderr, "fasti: value of a result that is an error: %s\n",
               held->to_string().c_str());
  core::check_failed("value of a result that is an error", __FILE__, __LINE__);
}

}  // namespace detail
}  // namespace fasti
