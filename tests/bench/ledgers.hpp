#pragma once
/// The aggregates of the runtime's benchmarks: ledgers, as the tests have them.

#include <string>

#include "bench_kit.hpp"
#include "fasti/runtime.hpp"
#include "flow.hpp"
#include "ledger.hpp"

namespace fasti::bench {

[[nodiscard]] std::string ledger_name(std::size_t number);

/// With the journal in `directory`, made if it is not there. Complaints end the program.
[[nodiscard]] runtime open_ledgers(const std::string& directory, runtime_options options = {});
void close(runtime& rt);

/// Each gets `deposits` entries in one commit, `in_flight` of them at a time.
void deposit_to_each(runtime& rt, std::size_t ledgers, std::size_t deposits, std::size_t in_flight,
                     const std::string& what);

/// Each is asked for its balance once, `in_flight` of them at a time.
void ask_each(runtime& rt, std::size_t ledgers, std::size_t in_flight, const std::string& what);

/// Until the view `balances`, which was added, shows that position.
void wait_until_shown(runtime& rt, position at);

/// Until none is in memory.
void wait_until_passivated(runtime& rt, const std::string& what);

}  // namespace fasti::bench
