#pragma once
/// What the shop does with an order. Each step is one commit over all aggregates that it touches:
/// an order is never paid without the money being taken, or shipped without leaving the shelf. Each
/// carries a command id that follows from what it is about, so doing it twice does it once.
///
/// That holds as long as all of it lies in one journal. Where the money is at a bank, a step has to
/// wait for somebody else, and a process manager takes this one's place.

#include <fasti/runtime.hpp>

#include "order.hpp"

namespace orders {

class shop {
 public:
  explicit shop(fasti::runtime& rt) : rt_(rt) {}

  /// Gives the order's number. `request` names what the customer sent: sent again it is the same
  /// order. Rejected: "out-of-stock", and what `order` and `stock` say no to.
  [[nodiscard]] fasti::result<std::uint64_t> place(const std::string& request,
                                                   const std::string& customer,
                                                   const std::vector<order::line>& lines);
  /// Rejected: "insufficient-funds", "wrong-stage".
  [[nodiscard]] fasti::result<void> pay(std::uint64_t number);
  [[nodiscard]] fasti::result<void> ship(std::uint64_t number);
  /// What was paid is given back.
  [[nodiscard]] fasti::result<void> cancel(std::uint64_t number, const std::string& reason);
  /// The goods go back to the shelf, the money to the customer.
  [[nodiscard]] fasti::result<void> take_back(std::uint64_t number, const std::string& reason);

 private:
  [[nodiscard]] fasti::result<fasti::owned<Order>> find(std::uint64_t number);
  [[nodiscard]] fasti::result<void> together(const std::string& step,
                                             std::vector<fasti::addressed_command> commands);

  fasti::runtime& rt_;
};

}  // namespace orders
