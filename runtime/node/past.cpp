#include "runtime/core/guard.hpp"
#include "runtime/core/recovery.hpp"
#include "runtime/node/node.hpp"

namespace fasti {

result<detail::past_state> runtime::node::past_state(const detail::decider_port& decider,
                                                     std::string_view stream,
                                                     const moment& when) const {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  auto id = stream_id::parse(stream);
  if (!id) return std::move(id).error();
  if (auto fits = check_category(stream, decider.category); !fits) return std::move(fits).error();
  auto found =
      core::recover_at(decider, *id, *storage_.journal, *storage_.snapshots, options_.log, when);
  if (!found) return std::move(found).error();
  return detail::past_state{std::move(found->state), found->version};
}

/// Decides, and folds what came of it into the state.
result<detail::supposed_outcome> runtime::node::suppose(detail::past_state& on,
                                                        std::string_view stream, type_id command,
                                                        body_view body) const {
  const auto id = stream_id::parse(stream);
  if (!id) return id.error();
  detail::supposed_outcome outcome;
  emit emitted;
  const command_context at{*id, on.version, command_id::generate(), options_.clock()};
  auto made_of_it = core::decided_by(*on.state, command, body, at, emitted);
  if (!made_of_it) return std::move(made_of_it).error();
  outcome.made = *std::move(made_of_it);
  if (!outcome.made.is_accepted()) return outcome;
  commit made;
  emitted.finish(made);
  outcome.reply = std::move(made.reply);
  if (auto failed = core::evolve_all(*on.state, made, stream)) return *std::move(failed);
  made.each_event([&outcome](type_id type, body_view words, const tag_list& tags) {
    outcome.events.push_back({type, {words.begin(), words.end()}, std::string(tags.packed())});
    return true;
  });
  return outcome;
}

}  // namespace fasti
