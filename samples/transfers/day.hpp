#pragma once
/// A day of made-up transfers.

#include <fasti/runtime.hpp>

namespace transfers {

struct day_options {
  std::uint64_t transfers = 3000;
  std::uint64_t seed = 1;
  unsigned refused_percent = 15;  ///< No such account there, a closed one, or over its limit.
  unsigned silent_percent = 5;    ///< Nobody looks at it in time.
  unsigned late_percent = 10;     ///< It is looked at just before or just after it is recalled.
  std::chrono::milliseconds patience{1000};
  std::function<void()> on_progress = [] {};  ///< Now and then, on the caller's thread.
};

/// Opens both banks' accounts and orders the transfers. Begun again with the same options on the
/// same journal it does nothing twice: each command's id follows from what it is about.
[[nodiscard]] fasti::result<void> run_day(fasti::runtime& rt, const day_options& options);

}  // namespace transfers
