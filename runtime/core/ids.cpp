#include "fasti/ids.hpp"

#include <xxhash.h>

#include <ctime>
#include <random>

#include "runtime/core/check.hpp"

namespace fasti {
namespace {

/// One 64-bit state a thread, stepped by splitmix64.
std::uint64_t next_random() noexcept {
  thread_local std::uint64_t state = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) ^ device() ^
           static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }();
  std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

void append_hex(std::string& text, std::uint64_t number) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) {
    text += digits[(number >> static_cast<unsigned>(shift)) & 0xfU];
  }
}

}  // namespace

result<stream_id> stream_id::parse(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0 || dash + 1 == text.size()) {
    return error{errc::invalid, "malformed-stream-id",
                 "\"" + std::string(text.substr(0, 64)) + "\" is not of the form category-key"};
  }
  if (text.size() > bytes_max) {
    return error{errc::invalid, "malformed-stream-id",
                 "a stream id of " + std::to_string(text.size()) + " bytes; at most " +
                     std::to_string(bytes_max) + " are allowed"};
  }
  return stream_id(std::string(text));
}

stream_id stream_id::of(std::string_view category, std::string_view key) {
  std::string text;
  text.reserve(category.size() + 1 + key.size());
  text.append(category).append(1, '-').append(key);
  FASTI_CHECK(!category.empty() && category.find('-') == std::string_view::npos);
  FASTI_CHECK(!key.empty() && text.size() <= bytes_max);
  return stream_id(std::move(text));
}

std::string_view stream_id::category() const noexcept {
  return std::string_view(text_).substr(0, text_.find('-'));
}

std::string_view stream_id::key() const noexcept {
  return std::string_view(text_).substr(text_.find('-') + 1);
}

std::string unique_id::to_string() const {
  std::string text;
  text.reserve(32);
  append_hex(text, high);
  append_hex(text, low);
  return text;
}

unique_id unique_id::generate() noexcept {
  // The time of the system's last tick, some milliseconds ago at most: the exact one costs as much
  // as all the rest.
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const auto ms = static_cast<std::uint64_t>(now.tv_sec) * 1000 +
                  static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
  const std::uint64_t high = (ms << 16U) | 0x7000U | (next_random() & 0x0fffU);
  const std::uint64_t low = (std::uint64_t{2} << 62U) | (next_random() >> 2U);
  return {high, low};
}

unique_id unique_id::of(std::string_view text) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  // Never "none", whatever the text.
  return {hash.high64, hash.low64 | static_cast<std::uint64_t>(hash.high64 == 0)};
}

std::string expected_version::to_string() const {
  if (any_) return "any";
  return version_ == no_version ? "no_stream" : std::to_string(count_of(version_));
}

}  // namespace fasti
