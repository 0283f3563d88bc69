#pragma once
/// One run of the bank, from opening the directory to the last check.

#include "options.hpp"

namespace bank {

/// Runs and reports; returns the process's exit code. `is_interrupted` is asked now and then.
[[nodiscard]] int run_session(const bank_options& options, std::function<bool()> is_interrupted);

}  // namespace bank
