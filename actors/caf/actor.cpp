#include "actors/caf/actor.hpp"

namespace fasti::actors::detail {

namespace {
// 0.17 has no code of its own for it; this one is never raised by CAF for a request of ours.
constexpr auto dropped = caf::sec::unexpected_response;
}  // namespace

std::string current_exception_text() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

fasti::error to_error(const caf::error& error) {
  using caf::to_string;
  const std::string text = to_string(error);
  if (error == caf::sec::runtime_error) return {errc::unknown, "handler-threw", text};
  if (error == dropped) return {errc::unknown, "promise-dropped", text};
#if FASTI_CAF_META
  if (error == caf::sec::broken_promise) return {errc::unknown, "promise-dropped", text};
#endif
  return {errc::closed, "actor-gone", text};
}

caf::error handler_threw(const std::string& text) {
  return caf::make_error(caf::sec::runtime_error, text);
}

caf::error promise_dropped() {
  return caf::make_error(dropped, std::string("the answer was dropped"));
}

}  // namespace fasti::actors::detail
