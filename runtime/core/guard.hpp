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

/// Asks the decider. The error says which stream, and that `decide` threw; `out` is to be discarded
/// then, and when it said no.
[[nodiscard]] inline result<decision> decided_by(const detail::aggregate_state& state,
                                                 type_id command, body_view body,
                                                 const command_context& at, emit& out) {
  decision made = accept();
  if (auto thrown = thrown_by([&] { made = state.decide(command, body, at, out); })) {
    return error{errc::rejected, "decide-failed",
                 std::string(at.stream.text()) + ": decide threw " + *thrown};
  }
  return made;
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
