// fasti's errors as CAF's, and back.

#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <string>

#include "actors/caf/interface.hpp"
#include "fasti/caf.hpp"
#if !FASTI_CAF_META
#include <caf/atom.hpp>
#endif

namespace fasti {
namespace {

caf::error error_of(errc code, caf::message context) {
#if FASTI_CAF_META
  return {code, std::move(context)};
#else
  return {count_of(code), caf::atom("fasti"), std::move(context)};
#endif
}

bool is_ours(const caf::error& e) {
  if (!e || e.code() < count_of(errc::rejected) || e.code() > count_of(errc::closed)) return false;
#if FASTI_CAF_META
  return e.category() == caf::type_id_v<errc>;
#else
  return e.category() == caf::atom("fasti");
#endif
}

std::string text_at(const caf::message& context, std::size_t at) {
  if (at >= context.size() || !context.match_element<std::string>(at)) return {};
  return context.get_as<std::string>(at);
}

}  // namespace

caf::error to_caf_error(const error& e) {
  return error_of(e.code, caf::make_message(e.reason, e.detail, std::string(next_step(e.code))));
}

caf::error make_error(errc code) { return error_of(code, {}); }

error to_error(const caf::error& e) {
  if (is_ours(e)) {
    return {static_cast<errc>(e.code()), text_at(e.context(), 0), text_at(e.context(), 1)};
  }
  using caf::to_string;
  const std::string text = to_string(e);
  if (e == caf::sec::request_timeout) return {errc::unknown, "request-timeout", text};
  if (e == caf::sec::request_receiver_down) return {errc::closed, "actor-gone", text};
#if FASTI_CAF_MAIL
  if (e == caf::sec::invalid_request) return {errc::invalid, "no-actor", text};
#else
  if (e == caf::sec::invalid_argument) return {errc::invalid, "no-actor", text};
#endif
  return {errc::unknown, "caf-error", text};
}

}  // namespace fasti
