#pragma once
/// Where a command stands in a distributed trace: W3C Trace Context, the header `traceparent`.
///
///     auto from = fasti::trace_context::parse(request.header("traceparent"));
///     rt.send<Deposit>("account-4711", …, {.trace = from.value_or(fasti::trace_context{})});
///
/// It is stored with the command's events and comes back with each of them.

#include "fasti/ids.hpp"

namespace fasti {

struct trace_context {
  unique_id trace;           ///< The whole journey; none: not traced.
  std::uint64_t parent = 0;  ///< The span that sent the command.
  std::uint8_t flags = 0;    ///< 1: sampled.

  [[nodiscard]] bool is_none() const noexcept { return trace.is_none(); }
  /// Reads `00-<32 hex>-<16 hex>-<2 hex>`; of a later version of the standard what this one knows.
  /// Errors: `invalid` ("malformed-traceparent").
  [[nodiscard]] static result<trace_context> parse(std::string_view traceparent);
  /// As version 00 of the standard writes it.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const trace_context&, const trace_context&) = default;
};

}  // namespace fasti
