#pragma once
/// The shop's books, from all that was ever recorded and from what shelves, purses and desk say.

#include <fasti/runtime.hpp>

#include <map>

namespace orders {

/// One check of the books.
struct check {
  std::string what;
  bool holds = false;
  std::string figures;
};
[[nodiscard]] fasti::result<std::vector<check>> check_books(fasti::runtime& rt);

/// Waits until every order has ended and the books are right; then, or when nothing has moved for a
/// minute, it gives the checks.
[[nodiscard]] fasti::result<std::vector<check>> close_books(fasti::runtime& rt);

/// How many orders were cancelled, by reason.
[[nodiscard]] fasti::result<std::map<std::string, std::uint64_t>> cancellations(fasti::runtime& rt);

}  // namespace orders
