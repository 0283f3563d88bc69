#pragma once
/// What is said of an event that has lost its body to `truncate`, where somebody needs it.

#include "fasti/event.hpp"

namespace fasti::core {

/// What is folded without it would not be what it says.
[[nodiscard]] inline std::string truncated_text(const recorded_event& e) {
  return "the event was truncated; position " + std::to_string(count_of(e.truncated_by)) +
         " says why";
}

}  // namespace fasti::core
