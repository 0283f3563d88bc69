#include "runtime/core/parked_events.hpp"

#include "fasti/keys.hpp"
#include "runtime/core/bytes.hpp"
#include "runtime/core/row_words.hpp"
#include "schemas/views.capnp.h"

namespace fasti::core {
namespace {

std::string row_key_of(position at) { return std::string(parked_keys) + key_of(count_of(at)); }

std::string stored_form(const parked_event& e) {
  return text_of(build<schemas::ParkedEvent>([&](auto stored) {
    stored.setPosition(count_of(e.position));
    stored.setStream(bytes_of(e.stream));
    stored.setKey(bytes_of(e.key));
    stored.setReason(as_text(e.reason));
    stored.setParkedAt(e.parked_at.time_since_epoch().count());
  }));
}

parked_event event_in(body_view words) {
  body_reader reader(words);
  const auto stored = reader.root<schemas::ParkedEvent>();
  parked_event e;
  e.position = position{stored.getPosition()};
  e.stream = text_in(stored.getStream());
  e.key = text_in(stored.getKey());
  e.reason = text_in(stored.getReason());
  e.parked_at = timestamp(std::chrono::nanoseconds(stored.getParkedAt()));
  return e;
}

std::string row_name_of(std::string_view key) {
  const auto at = parts_of<std::uint64_t>(key.substr(parked_keys.size()));
  return "of the event parked at position " + (at ? std::to_string(std::get<0>(*at)) : "unknown");
}

}  // namespace

result<void> parked_events::load(const view_reader& from, std::string_view view) {
  *this = {};
  result<void> loaded;
  auto scanned = from.scan(view, {.prefix = parked_keys}, [&](std::string_view key, auto bytes) {
    const auto why = failure_to_use(bytes, [this](body_view words) { park(event_in(words)); });
    if (why) loaded = damaged_row(view, row_name_of(key), *why);
    return !why;
  });
  settle();
  return scanned ? loaded : scanned;
}

std::string parked_events::text_when_full(std::string_view reason) const {
  return std::to_string(size()) + " events are parked; " +
         std::string(reason.empty() ? "this one waits behind one of them" : reason);
}

void parked_events::park(parked_event e) {
  const auto at = e.position;
  set(at, std::move(e));
}

void parked_events::unpark(position at) { set(at, std::nullopt); }

void parked_events::set(position at, std::optional<parked_event> e) {
  const auto found = all_.find(at);
  std::optional<parked_event> was;
  if (found != all_.end()) {
    const auto key = keys_.find(found->second.key);
    if (--key->second == 0) keys_.erase(key);
    was = std::move(found->second);
    all_.erase(found);
  }
  changed_.try_emplace(at, std::move(was));
  if (!e) return;
  ++keys_[e->key];
  all_.emplace(at, *std::move(e));
}

void parked_events::add_changes(std::vector<view_batch::change>& to) const {
  for (const auto& [at, was] : changed_) {
    const auto is = all_.find(at);
    to.push_back({row_key_of(at), {}});
    if (is != all_.end()) to.back().row = stored_form(is->second);
  }
}

void parked_events::discard() {
  for (auto& [at, was] : std::exchange(changed_, {})) set(at, std::move(was));
  changed_.clear();
}

}  // namespace fasti::core
