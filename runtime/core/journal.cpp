#include "fasti/journal.hpp"

#include <future>
#include <optional>

#include "fasti/options.hpp"

namespace fasti {
namespace {

class promise_observer final : public commit_observer {
 public:
  explicit promise_observer(std::promise<result<committed>>&& promise)
      : promise_(std::move(promise)) {}
  void on_outcome(result<committed> outcome) noexcept override {
    promise_.set_value(std::move(outcome));
  }

 private:
  std::promise<result<committed>> promise_;
};

/// A permutation of all ids, so that ids that are next to each other (1, 2, 3 …) have events whose
/// ids are far apart: four rounds of Feistel's scheme over the halves.
constexpr std::uint64_t round_keys[] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb,
                                        0xd6e8feb86659fd93};
std::uint64_t scrambled(std::uint64_t half, std::uint64_t key) noexcept {
  half = (half ^ (half >> 32U) ^ key) * 0xd6e8feb86659fd93ULL;
  return half ^ (half >> 29U);
}

command_id command_of(unique_id event, std::uint32_t ordinal) noexcept {
  std::uint64_t left = event.high;
  std::uint64_t right = event.low - ordinal;
  for (int i = 3; i >= 0; --i) {
    const auto before = left;
    left = right ^ scrambled(left, round_keys[i]);
    right = before;
  }
  return command_id{unique_id{left, right}};
}

}  // namespace

unique_id event_id_of(command_id command, std::uint32_t ordinal) noexcept {
  std::uint64_t left = command.high;
  std::uint64_t right = command.low;
  for (const auto key : round_keys) {
    const auto before = right;
    right = left ^ scrambled(right, key);
    left = before;
  }
  return {left, right + ordinal};
}

std::optional<position> find_event(const journal& j, unique_id event) {
  constexpr std::uint32_t ordinals = 1U << 16U;
  for (std::uint32_t ordinal = 0; ordinal < ordinals; ++ordinal) {
    const auto command = j.find_command(command_of(event, ordinal));
    if (!command) continue;
    const position at{count_of(command->outcome.first_position) + ordinal};
    if (at <= command->outcome.last_position) return at;
  }
  return std::nullopt;
}

result<committed> append_and_wait(journal& j, commit c) {
  std::promise<result<committed>> promise;
  auto outcome = promise.get_future();
  std::unique_ptr<commit_observer> observer =
      std::make_unique<promise_observer>(std::move(promise));
  auto accepted = j.append_in_person(std::move(c), nullptr, std::move(observer));
  if (!accepted) return std::move(accepted).error();
  return outcome.get();
}

timestamp system_now() noexcept {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace fasti
