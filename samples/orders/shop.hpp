#pragma once
/// What people do with an order: customers place, pay, cancel and send back, the warehouse ships.
/// What follows from it the order's process manager sees to (`fulfilment`), a little later.
///
/// Where a step must not be half done it is one commit over all aggregates that it touches: an
/// order is never paid by invoice without the money being taken, or shipped without leaving the
/// shelf. Each step carries a command id that follows from what it is about, so doing it twice does
/// it once.

#include <fasti/runtime.hpp>

#include "order.hpp"

namespace orders {

/// What a customer wants.
struct purchase {
  std::string customer;
  std::vector<order::line> lines;
  Terms terms = Terms::AT_ONCE;
  std::chrono::milliseconds patience{0};  ///< On invoice: so long we wait for the money.
};

class shop {
 public:
  explicit shop(fasti::runtime& rt) : rt_(rt) {}

  /// Gives the order's number. `request` names what the customer sent: sent again it is the same
  /// order. It will be confirmed, and paid if that is to happen at once, or cancelled. Rejected:
  /// what `order` says no to.
  [[nodiscard]] fasti::result<std::uint64_t> place(const std::string& request,
                                                   const purchase& what);
  /// An invoice. Rejected: "insufficient-funds", "wrong-stage".
  [[nodiscard]] fasti::result<void> pay(std::uint64_t number);
  [[nodiscard]] fasti::result<void> ship(std::uint64_t number);
  /// What was put aside is released, what was paid is given back.
  [[nodiscard]] fasti::result<void> cancel(std::uint64_t number, const std::string& reason);
  /// The goods go back to the shelf, the money to the customer.
  [[nodiscard]] fasti::result<void> take_back(std::uint64_t number, const std::string& reason);

  [[nodiscard]] fasti::result<fasti::owned<Order>> find(std::uint64_t number);

 private:
  [[nodiscard]] fasti::result<void> together(const std::string& step,
                                             std::vector<fasti::addressed_command> commands);

  fasti::runtime& rt_;
};

}  // namespace orders
