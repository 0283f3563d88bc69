#pragma once
/// What is said of an event where something is wrong with it.

#include "fasti/event.hpp"

namespace fasti::core {

/// `more`: of it, behind the version.
[[nodiscard]] inline std::string place_text(const recorded_event& e, std::string_view more = {}) {
  std::string text = "position " + std::to_string(count_of(e.position)) + " (" +
                     std::string(e.stream) + " version " + std::to_string(count_of(e.version));
  if (!more.empty()) text.append(", ").append(more);
  return text + ")";
}

/// Of one that has lost its body to `truncate`: what is folded without it would not be what it
/// says.
[[nodiscard]] inline std::string truncated_text(const recorded_event& e) {
  return "the event was truncated; position " + std::to_string(count_of(e.truncated_by)) +
         " says why";
}

}  // namespace fasti::core
