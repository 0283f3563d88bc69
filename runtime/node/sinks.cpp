// Sinks of a runtime: how they are added, waited for, and ended.

#include "runtime/core/guard.hpp"
#include "runtime/node/deadline.hpp"
#include "runtime/node/node.hpp"

namespace fasti {
namespace {

constexpr std::size_t name_bytes_max = 128;

result<void> check_sink(const std::string& name, const sink_options& options) {
  if (name.empty() || name.size() > name_bytes_max) {
    return error{errc::invalid, "malformed-name",
                 "a sink's name, \"" + name + "\", must not be empty or longer than " +
                     std::to_string(name_bytes_max) + " bytes"};
  }
  if (options.on_failure.then == when_failing::park) {
    return error{errc::invalid, "cannot-park",
                 "sink " + name +
                     ": there is no place to park events of a sink; let it stop, or let take() "
                     "put aside what it cannot handle"};
  }
  return {};
}

}  // namespace

result<void> runtime::node::add_sink(std::shared_ptr<sink> to, const sink_options& options) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  if (!to) return error{errc::invalid, "no-sink", "the pointer to the sink is null"};
  std::string name;
  subscription_options wants;
  const auto thrown = core::thrown_by([&] {
    name = to->name();
    wants.only = to->only();
  });
  if (thrown) return error{errc::invalid, "sink-threw", "name or only threw " + *thrown};
  if (auto good = check_sink(name, options); !good) return good;
  wants.name = "sink " + name;
  wants.batch_events_max = options.batch_events_max;
  wants.batch_bytes_max = options.batch_bytes_max;
  const auto begins = place_of(options.from);
  if (!begins) return begins.error();
  const std::unique_lock lock(mutex_);
  auto [at, is_new] = sinks_.try_emplace(name);
  if (!is_new) {
    return error{errc::invalid, "name-taken", "there is a sink called \"" + name + "\" already"};
  }
  at->second = std::make_shared<fasti::node::sink_courier>(
      std::move(name), std::move(to), options.on_failure, *begins, std::move(wants), *this);
  return {};
}

/// Not a visit while it waits: the end of the runtime would wait for it.
result<void> runtime::node::wait_for_sink(std::string_view name, position visible,
                                          std::chrono::milliseconds timeout) const {
  std::shared_ptr<fasti::node::sink_courier> courier;
  {
    const visit_guard visit(*this);
    if (visit.is_too_late()) return closed_error();
    const std::shared_lock lock(mutex_);
    const auto found = sinks_.find(name);
    if (found == sinks_.end()) {
      return error{errc::invalid, "unknown-sink",
                   "no sink called \"" + std::string(name) + "\" was added"};
    }
    courier = found->second;
  }
  return courier->wait_for(visible, fasti::node::deadline_in(timeout));
}

/// What they call may look things up: not under the lock.
void runtime::node::stop_sinks() {
  std::map<std::string, std::shared_ptr<fasti::node::sink_courier>, std::less<>> ended;
  {
    const std::unique_lock lock(mutex_);
    ended.swap(sinks_);
  }
  for (const auto& [name, courier] : ended) courier->end_soon();
  for (const auto& [name, courier] : ended) courier->end();
}

result<void> runtime::add_sink(std::shared_ptr<sink> to, const sink_options& options) {
  return node_->add_sink(std::move(to), options);
}

result<void> runtime::wait_for_sink(std::string_view name, position visible,
                                    std::chrono::milliseconds timeout) {
  return node_->wait_for_sink(name, visible, timeout);
}

}  // namespace fasti
