#pragma once
/// The events that a projection could not apply to a view, and those that wait behind them. They
/// lie beside the view's rows and change in the same batches, so that each event is in the rows or
/// is parked, and never both.

#include <map>

#include "fasti/parking.hpp"
#include "runtime/core/stored_rows.hpp"

namespace fasti::core {

/// The reason of who stops because no more may be parked.
inline constexpr const char* too_many_parked = "too-many-parked";

class parked_events {
 public:
  using by_position = std::map<position, parked_event>;

  /// In place of what is here. Errors: what the store says; `corrupt` ("row-damaged").
  [[nodiscard]] result<void> load(const view_reader& from, std::string_view view);

  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] const by_position& all() const noexcept { return all_; }
  /// Events of this key wait.
  [[nodiscard]] bool holds(std::string_view key) const { return keys_.find(key) != keys_.end(); }

  /// Why an event cannot be parked, too. `reason`: as that of a parked event.
  [[nodiscard]] std::string text_when_full(std::string_view reason) const;

  void park(parked_event e);
  void unpark(position at);

  /// Goes with the rows of the same events into one batch.
  void add_changes(std::vector<view_batch::change>& to) const;
  /// They are in the store.
  void settle() { changed_.clear(); }
  /// They are not, and their events will be met again.
  void discard();

 private:
  void set(position at, std::optional<parked_event> e);

  by_position all_;
  std::map<std::string, std::size_t, std::less<>> keys_;     // how many have this one
  std::map<position, std::optional<parked_event>> changed_;  // what they were before
};

}  // namespace fasti::core
