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

/// Folds a commit's events into a state. The error says which stream, and that `evolve` threw: the
/// state is half changed then.
[[nodiscard]] inline std::optional<error> evolve_all(detail::aggregate_state& state,
                                                     const commit& c, std::string_view stream) {
  std::optional<std::string> thrown;
  c.each_event([&](type_id type, body_view body, const tag_list&) {
    thrown = thrown_by([&] { state.evolve(type, body); });
    return !thrown;
  });
  if (!thrown) return std::nullopt;
  return error{errc::rejected, "evolve-failed", std::string(stream) + ": evolve threw " + *thrown};
}

}  // namespace fasti::core
