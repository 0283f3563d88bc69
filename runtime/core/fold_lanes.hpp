#pragma once
/// Who applies the events of a fold: one lane, or several that work at the same time, each with its
/// own copy of the user's type and its own rows at hand. Whose an event is follows from its key, so
/// that events of one key are applied in their order, by one lane; and since a lane may only touch
/// rows of its events' keys, no two ever touch the same row.
///
/// (Kafka's partitions, within one process and one checkpoint.)

#include "runtime/core/projection_surroundings.hpp"
#include "runtime/core/row_overlay.hpp"

namespace fasti::core {

/// The port's, or the stream where that cannot be asked.
[[nodiscard]] std::string order_key_of(const detail::projection_port& port,
                                       const recorded_event& e);

class fold_lanes final : public detail::row_reader {
 public:
  /// Precondition: with more than one lane the port has an `order_key`.
  fold_lanes(const projection_surroundings& in, const std::string& view, unsigned lanes);
  ~fold_lanes() override;

  [[nodiscard]] bool are_many() const noexcept { return lanes_.size() > 1; }

  /// Here and now. Throws what the user's `apply` throws: the changes since the last
  /// `take_changes` are to be discarded then.
  void apply(const recorded_event& e);
  /// Each lane its own, in their order, as `run_each` likes. False: one of them threw, as above.
  [[nodiscard]] bool apply_all(const std::vector<recorded_event>& events);

  // As those of `row_overlay`.
  std::optional<std::vector<word>> read(std::string_view key) const override;
  void scan(const key_range& range, const scan_visitor& visitor) const override;
  void scan_by(std::string_view index, const key_range& range,
               const scan_visitor& visitor) const override;
  [[nodiscard]] std::vector<view_batch::change> take_changes();
  void discard();

 private:
  struct lane;

  [[nodiscard]] std::size_t number_for(std::string_view key) const;
  void run_each(const std::function<void(std::size_t)>& one) const;

  const detail::projection_port& port_;
  const run_each_function run_each_;
  std::vector<std::unique_ptr<lane>> lanes_;  // at least one
};

}  // namespace fasti::core
