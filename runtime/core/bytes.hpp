#pragma once
/// Texts and messages in fields of Cap'n Proto structs.

#include <capnp/blob.h>

#include <string>
#include <string_view>

#include "fasti/event.hpp"

namespace fasti::core {

[[nodiscard]] inline ::capnp::Data::Reader bytes_of(std::string_view text) {
  return {reinterpret_cast<const ::capnp::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline ::capnp::Data::Reader bytes_of(body_view words) {
  return {reinterpret_cast<const ::capnp::byte*>(words.data()), words.size_bytes()};
}
[[nodiscard]] inline ::capnp::Text::Reader as_text(const std::string& text) {
  return {text.c_str(), text.size()};
}
[[nodiscard]] inline std::string text_in(::capnp::Data::Reader bytes) {
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}
[[nodiscard]] inline std::string_view text_in(::capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}
/// Data in a message lies at whole words; lives as long as the message.
[[nodiscard]] inline body_view words_in(::capnp::Data::Reader bytes) {
  return {reinterpret_cast<const word*>(bytes.begin()), bytes.size() / word_bytes};
}

}  // namespace fasti::core
