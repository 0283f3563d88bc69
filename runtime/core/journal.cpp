#include "fasti/journal.hpp"

#include <future>

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

}  // namespace

result<committed> append_and_wait(journal& j, commit c) {
  std::promise<result<committed>> promise;
  auto outcome = promise.get_future();
  std::unique_ptr<commit_observer> observer =
      std::make_unique<promise_observer>(std::move(promise));
  auto accepted = j.append(std::move(c), nullptr, std::move(observer));
  if (!accepted) return std::move(accepted).error();
  return outcome.get();
}

timestamp system_now() noexcept {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace fasti
