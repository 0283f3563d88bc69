#pragma once
/// The one place where user code is called: whatever it throws becomes an error value. An exception
/// that left an actor's handler would end the actor.

#include <exception>
#include <string>

#include "fasti/detail/port.hpp"

namespace fasti::core {

/// Runs `f` and returns what it threw, as a text; nothing when it did not throw.
template <class F>
[[nodiscard]] std::optional<std::string> thrown_by(F&& f) noexcept {
  try {
    f();
    return std::nullopt;
  } catch (const std::exception& e) {  // kj::Exception arrives as one, too
    return std::string(e.what());
  } catch (...) {
    return std::string("something that is not a std::exception");
  }
}

}  // namespace fasti::core
