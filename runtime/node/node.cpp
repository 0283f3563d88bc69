#include "runtime/node/node.hpp"

#include <algorithm>
#include <cstdio>

#include "actors/bus_actor.hpp"
#include "actors/caf/send.hpp"
#include "runtime/core/guard.hpp"
#include "runtime/node/deadline.hpp"

namespace fasti {

void log_to_stderr(log_level level, std::string_view line) {
  if (level < log_level::warning) return;
  const char* name = level == log_level::warning ? "warning" : "error";
  std::fprintf(stderr, "fasti: %s: %.*s\n", name, static_cast<int>(line.size()), line.data());
}

namespace {

constexpr auto tick_period = std::chrono::milliseconds{100};
constexpr std::uint64_t ticks_per_sweep = 10;

const detail::command_type* find_command(const detail::decider_port& decider, type_id type) {
  const auto& all = decider.commands;
  const auto found =
      std::find_if(all.begin(), all.end(), [type](const auto& c) { return c.type == type; });
  return found == all.end() ? nullptr : &*found;
}

bool is_category(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.find('-') == std::string_view::npos;
}

}  // namespace

error runtime::node::closed_error() { return {errc::closed, "closed", "the runtime is closed"}; }

result<std::unique_ptr<runtime::node>> runtime::node::open(runtime_options options,
                                                           caf::actor_system* on) {
  if (!options.log) options.log = log_to_stderr;
  if (!options.clock) options.clock = system_now;
  auto storage = fasti::node::open_storage(options);
  if (!storage) return std::move(storage).error();
  auto opened = std::make_unique<node>(std::move(options), *std::move(storage));
  if (auto started = opened->start(on); !started) return std::move(started).error();
  return opened;
}

runtime::node::node(runtime_options options, fasti::node::opened_storage storage)
    : options_(std::move(options)),
      storage_(std::move(storage)),
      readers_(options_.reader_threads),
      services_{*storage_.journal, *storage_.snapshots, readers_, options_, figures_} {}

runtime::node::~node() {
  if (auto ended = close(); !ended) log(log_level::error, ended.error().to_string());
  way_in_->shut();
  wait_for_those_left();
}

result<void> runtime::node::start(caf::actor_system* on) {
  actors::fault_handler on_fault = [this](const actors::actor_fault& f) {
    log(log_level::error, "actor " + std::string(f.actor) + ": " + f.detail);
  };
  if (on != nullptr) {
    world_ = actors::actor_world::borrow(*on, std::move(on_fault));
  } else {
    actors::world_options world;
    world.worker_threads = options_.worker_threads;
    world.on_fault = std::move(on_fault);
    auto opened = actors::actor_world::open(std::move(world));
    if (!opened) return std::move(opened).error();
    world_ = *std::move(opened);
    services_.alone = actors::when_alone::writes_itself;
  }
  registry_ = std::make_unique<actors::aggregate_registry>(world_->host(), services_);
  bus_ = world_->host().spawn<actors::bus_actor_impl>(storage_.journal->head());
  storage_.journal->on_head([this](position head) {
    if (has_subscribers_) actors::send(bus_, actors::head_rose{head});
  });
  ticker_ = std::make_unique<fasti::node::ticker>(tick_period, [this] { on_tick(); });
  return {};
}

result<void> runtime::node::add_decider(detail::decider_port port) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return closed_error();
  if (!is_category(port.category)) {
    return error{
        errc::invalid, "malformed-category",
        "\"" + port.category + "\" must not be empty, longer than 128 bytes or hold a dash"};
  }
  if (port.category == "fasti") {
    return error{errc::invalid, "category-reserved", "\"fasti\" is the journal's own category"};
  }
  const std::unique_lock lock(mutex_);
  const auto category = port.category;
  if (deciders_.add(std::move(port))) return {};
  return error{errc::invalid, "category-taken",
               "there is a decider for \"" + category + "\" already"};
}

void runtime::node::tell_of_the_head(const actors::subscriber_actor& who) {
  has_subscribers_ = true;  // before the head is read: what comes after it is told
  actors::send(bus_, actors::head_rose{storage_.journal->head()});
  actors::send(bus_, actors::subscribe{who});
}

result<runtime::node::target> runtime::node::find_target(std::string_view stream) const {
  auto id = stream_id::parse(stream);
  if (!id) return std::move(id).error();
  const auto* decider = deciders_.find(id->category());
  if (decider == nullptr) {
    return error{errc::invalid, "unknown-category",
                 "no decider was added for \"" + std::string(id->category()) + "\""};
  }
  return target{*std::move(id), decider, nullptr};
}

void runtime::node::deliver(const stream_id& stream, const detail::decider_port& decider,
                            core::incoming arrival) {
  auto delivered = registry_->deliver(stream, decider, std::move(arrival));
  // NOLINTNEXTLINE(bugprone-use-after-move): refused, `deliver` leaves it to be answered
  if (!delivered) core::refuse(arrival, delivered.error());
}

result<void> runtime::node::may(access_request::kind what, std::string_view principal,
                                std::string_view at, type_id type) const {
  if (!options_.authorise) return {};
  result<void> allowed;
  const auto thrown = core::thrown_by([&] {
    allowed = options_.authorise({what, principal, at, type});
  });
  if (thrown) return error{errc::rejected, "authorise-failed", "authorise threw " + *thrown};
  return allowed;
}

/// … that knows the command, which this sender may send.
result<runtime::node::target> runtime::node::find_target(std::string_view stream, type_id command,
                                                         std::string_view principal) const {
  auto to = find_target(stream);
  if (!to) return to;
  to->command = find_command(*to->decider, command);
  if (to->command == nullptr) {
    to = error{
        errc::invalid, "unknown-command",
        detail::unknown_type(command).text + " among the commands of " + to->decider->category};
  } else if (auto allowed = may(access_request::kind::command, principal, stream, command);
             !allowed) {
    to = std::move(allowed).error();
  }
  return to;
}

void runtime::node::send(detail::sent_command&& command, receipt_callback&& callback) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return callback(closed_error());
  registry_->expect_soon(command.stream);
  if (!command.category.empty()) {
    auto fits = check_category(command.stream, command.category);
    if (!fits) return callback(std::move(fits).error());
  }
  auto to = find_target(command.stream, command.type, command.under.principal);
  if (!to) return callback(std::move(to).error());
  const auto id_from =
      command.origin.id.is_none() ? core::id_origin::generated : core::id_origin::chosen;
  if (id_from == core::id_origin::generated) command.origin.id = command_id::generate();
  take_in(*std::move(to),
          {command.type, std::move(command.body), std::move(command.origin), id_from, std::nullopt,
           std::move(command.under)},
          std::move(callback));
}

void runtime::node::take_in(target&& to, core::command_request&& asks,
                            receipt_callback&& callback) {
  if (to.command != nullptr) asks.reply = to.command->reply;
  auto made = std::make_unique<core::incoming_command>(std::move(to.stream), std::move(asks),
                                                       std::move(callback));
  const auto& stream = made->stream();  // there until it is in the queue
  deliver(stream, *to.decider, std::move(made));
}

result<std::vector<fasti::node::joint_command>> runtime::node::targets_of(
    std::vector<addressed_command> commands, std::string_view principal) const {
  if (commands.empty()) return error{errc::invalid, "no-commands", "there is nothing to do"};
  std::vector<fasti::node::joint_command> all;
  for (auto& c : commands) {
    if (auto fits = check_category(c.stream, c.category); !fits) return std::move(fits).error();
    auto to = find_target(c.stream, c.type, principal);
    if (!to) return std::move(to).error();
    const auto is_same = [&to](const auto& other) { return other.stream == to->stream; };
    if (std::any_of(all.begin(), all.end(), is_same)) {
      return error{errc::invalid, "same-stream-twice",
                   c.stream + " gets two commands at once; send one that does both"};
    }
    all.push_back({std::move(to->stream), to->decider, c.type, std::move(c.body)});
  }
  return all;
}

void runtime::node::send_together(std::vector<addressed_command> commands, command_origin origin,
                                  conditions under, joint_callback callback) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return callback(closed_error());
  auto targets = targets_of(std::move(commands), under.principal);
  if (!targets) return callback(std::move(targets).error());
  auto permit = registry_->admit();
  if (!permit) {
    return callback(error{errc::unavailable, "node-busy", "too many commands are in flight"});
  }
  if (origin.id.is_none()) origin.id = command_id::generate();
  fasti::node::start_together({services_, *registry_},
                              {*std::move(targets), std::move(origin), std::move(under)},
                              *std::move(permit), std::move(callback));
}

void runtime::node::query_aggregate(detail::sent_query query, words_callback callback) {
  const visit_guard visit(*this);
  if (visit.is_too_late()) return callback(closed_error());
  auto to = find_target(query.stream);
  if (!to) return callback(std::move(to).error());
  const auto allowed = may(access_request::kind::query_of_aggregate, query.under.principal,
                           query.stream, query.type);
  if (!allowed) return callback(allowed.error());
  deliver(to->stream, *to->decider,
          std::make_unique<core::incoming_query>(query.type, std::move(query.body),
                                                 std::move(query.under), std::move(callback)));
}

runtime_stats runtime::node::stats() const {
  const visit_guard visit(*this);
  runtime_stats s;
  if (visit.is_too_late()) return s;
  s.journal = storage_.journal->stats();
  s.aggregates_live = registry_->live();
  s.commands_in_flight = registry_->in_flight();
  s.aggregates_recovered = figures_.aggregates_recovered;
  s.events_replayed = figures_.events_replayed;
  s.snapshots_loaded = figures_.snapshots_loaded;
  s.snapshots_saved = figures_.snapshots_saved;
  const std::shared_lock lock(mutex_);
  for (const auto& [name, p] : projections_) {
    s.projections.push_back(p->board->status());
  }
  add_process_stats(s);
  for (const auto& [name, courier] : sinks_) s.sinks.push_back(courier->status());
  for (const auto& one : subscribers_) {
    if (!one.board->is_over()) s.subscriptions.push_back(one.board->status());
  }
  return s;
}

void runtime::node::on_tick() {
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [name, p] : projections_) {
      if (p->board->wants_ticks()) actors::send(p->actor, actors::deadline_tick{});
    }
    for (const auto& [name, courier] : sinks_) courier->tick();
  }
  forget_subscribers_who_left();
  tick_processes();
  if (++ticks_ % ticks_per_sweep != 0) return;
  const auto sweep_period = tick_period * ticks_per_sweep;
  registry_->tick(static_cast<std::uint64_t>(options_.idle_timeout / sweep_period) + 1);
  sample_rates();
}

void runtime::node::sample_rates() {
  const auto now = std::chrono::steady_clock::now();
  const std::shared_lock lock(mutex_);
  for (const auto& [name, p] : projections_) p->board->sample_rate(now);
  for (const auto& [name, courier] : sinks_) courier->sample_rate(now);
  for (const auto& one : subscribers_) one.board->sample_rate(now);
}

}  // namespace fasti
