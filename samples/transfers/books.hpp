#pragma once
/// The books of both banks, from all that was ever recorded and from what the accounts say.

#include <fasti/runtime.hpp>

#include "endings.hpp"

namespace transfers {

/// One check of the books.
struct check {
  std::string what;
  bool holds = false;
  std::string figures;
};
[[nodiscard]] fasti::result<std::vector<check>> check_books(fasti::runtime& rt);

/// Waits until no transfer is under way and the books are right; then, or when nothing has moved
/// for a minute, it gives the checks. `on_look` hears now and then how far it is.
[[nodiscard]] fasti::result<std::vector<check>> close_books(
    fasti::runtime& rt, const std::function<void(const counts&)>& on_look);

}  // namespace transfers
