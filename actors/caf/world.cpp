#include "actors/caf/world.hpp"

#include "actors/caf/burst_scheduler.hpp"

#include <caf/actor_registry.hpp>
#include <caf/actor_system_config.hpp>
#if !FASTI_CAF_META
#include <caf/atom.hpp>
#include <caf/logger.hpp>
#endif

#include <algorithm>
#include <limits>
#include <string>
#include <thread>
#include <utility>

namespace fasti::actors {

namespace {

#if FASTI_CAF_META
#define FASTI_CAF_OPTION(name) "caf.scheduler." name
#else
#define FASTI_CAF_OPTION(name) "scheduler." name
#endif
constexpr char threads_key[] = FASTI_CAF_OPTION("max-threads");
constexpr char policy_key[] = FASTI_CAF_OPTION("policy");
constexpr char throughput_key[] = FASTI_CAF_OPTION("max-throughput");
#undef FASTI_CAF_OPTION

constexpr std::size_t worker_threads_max = 1024;
constexpr std::size_t messages_per_turn_limit = 1U << 30U;

auto policy_value(scheduler_policy policy) {
#if FASTI_CAF_META
  return std::string(policy == scheduler_policy::stealing ? "stealing" : "sharing");
#else
  return policy == scheduler_policy::stealing ? caf::atom("stealing") : caf::atom("sharing");
#endif
}

world_options read_back(const caf::actor_system& system) {
  const caf::actor_system_config& config = system.config();
  world_options result;
  using policy_type = decltype(policy_value(scheduler_policy::sharing));
  const auto policy =
      caf::get_or(config, policy_key, policy_type(policy_value(scheduler_policy::stealing)));
  result.policy = policy == policy_value(scheduler_policy::sharing) ? scheduler_policy::sharing
                                                                    : scheduler_policy::stealing;
  result.worker_threads = caf::get_or(config, threads_key, std::size_t{0});
  result.messages_per_turn_max =
      caf::get_or(config, throughput_key, std::numeric_limits<std::size_t>::max());
  return result;
}

}  // namespace

struct actor_world::owned_system {
#if FASTI_CAF_MAIL
  explicit owned_system(const world_options& options)
      : config(make_config(options)),
        system(*config, options.policy == scheduler_policy::bursts ? set_up : nullptr, nullptr) {}

  static void set_up(caf::actor_system& made, caf::actor_system_config& config, void*) {
    caf::detail::actor_system_access(made).scheduler(std::make_unique<detail::burst_scheduler>(
        made, caf::get_or(config, threads_key, std::size_t{2}),
        caf::get_or(config, throughput_key, std::size_t{256})));
  }
#else
  explicit owned_system(const world_options& options)
      : config(make_config(options)), system(*config) {
#if !FASTI_CAF_META
    // The thread that makes a system keeps its logger in a thread-local, and 0.17's destructor
    // waits for the last who has it: ended from another thread, the system would wait for ever.
    caf::logger::set_current_actor_system(nullptr);
#endif
  }
#endif

  static std::unique_ptr<caf::actor_system_config> make_config(const world_options& options) {
    auto config = std::make_unique<caf::actor_system_config>();
    config->set(threads_key, static_cast<std::int64_t>(options.worker_threads));
    config->set(policy_key, policy_value(options.policy));
    config->set(throughput_key, static_cast<std::int64_t>(options.messages_per_turn_max));
#if !FASTI_CAF_MAIL
    if (options.policy == scheduler_policy::bursts) config->load<detail::burst_scheduler>();
#endif
    return config;
  }

  std::unique_ptr<caf::actor_system_config> config;
  caf::actor_system system;
};

result<std::unique_ptr<actor_world>> actor_world::open(world_options options) {
  const auto invalid = [](std::string detail) {
    return fasti::error{errc::invalid, "world-options", std::move(detail)};
  };
  if (options.worker_threads == 0) {
    options.worker_threads = std::max<std::size_t>(2, std::thread::hardware_concurrency());
  }
  if (options.worker_threads > worker_threads_max) return invalid("worker_threads > 1024");
  if (options.messages_per_turn_max == 0 ||
      options.messages_per_turn_max > messages_per_turn_limit) {
    return invalid("messages_per_turn_max is not within 1 and 2^30");
  }
  auto owned = std::make_unique<owned_system>(options);
  caf::actor_system& system = owned->system;
  auto census = std::make_shared<actor_census>(std::move(options.on_fault));
  std::unique_ptr<actor_world> world(
      new actor_world(std::move(owned), system, std::move(census), options.shutdown_limit));
  const world_options effective = world->effective();
  if (effective.worker_threads != options.worker_threads) {
    return invalid("CAF did not take over worker_threads");
  }
  if (effective.policy != options.policy) return invalid("CAF did not take over policy");
  if (effective.messages_per_turn_max != options.messages_per_turn_max) {
    return invalid("CAF did not take over messages_per_turn_max");
  }
  return world;
}

std::unique_ptr<actor_world> actor_world::borrow(caf::actor_system& system, fault_handler on_fault,
                                                 std::chrono::milliseconds shutdown_limit) {
  auto census = std::make_shared<actor_census>(std::move(on_fault));
  return std::unique_ptr<actor_world>(
      new actor_world(nullptr, system, std::move(census), shutdown_limit));
}

actor_world::actor_world(std::unique_ptr<owned_system> owned, caf::actor_system& system,
                         std::shared_ptr<actor_census> census,
                         std::chrono::milliseconds shutdown_limit)
    : owned_(std::move(owned)),
      owns_(owned_ != nullptr),
      host_(system, std::move(census)),
      shutdown_limit_(shutdown_limit) {}

actor_world::~actor_world() { shutdown(shutdown_limit_); }

world_options actor_world::effective() const {
  world_options result = read_back(system());
  result.shutdown_limit = shutdown_limit_;
  if (dynamic_cast<const detail::burst_scheduler*>(&system().scheduler()) != nullptr) {
    result.policy = scheduler_policy::bursts;
  }
#if !FASTI_CAF_META
  // What the scheduler really does, not only what the configuration says.
  result.worker_threads = system().scheduler().num_workers();
  result.messages_per_turn_max = system().scheduler().max_throughput();
#endif
  return result;
}

std::vector<actor_count> actor_world::await_all(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  if (!host_.census().wait_until_empty(limit)) return host_.census().running();
  if (!owned_) return {};
  // CAF counts an actor out a moment after its `on_stop`, and it knows actors that are not ours.
  // Its own wait has no limit, so this one looks again and again; it is rarely more than once.
  while (const std::size_t others = system().registry().running()) {
    if (std::chrono::steady_clock::now() >= deadline) return {{"(other)", others}};
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return {};
}

std::vector<actor_count> actor_world::shutdown(std::chrono::milliseconds limit) {
  if (std::exchange(ended_, true)) return {};
  auto left = await_all(limit);
  for (const actor_count& each : left) {
    host_.census().report({actor_fault::kind::left_behind, each.name, 0,
                           std::to_string(each.count) + " still running"});
  }
  if (owned_) {
    owned_->system.await_actors_before_shutdown(left.empty());
    owned_.reset();
  }
  return left;
}

}  // namespace fasti::actors
