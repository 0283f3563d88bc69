#pragma once
/// Brings events to the process managers of one category: those of one process manager one after
/// another, those of different ones side by side. A batch is done when all of it is; then comes the
/// checkpoint, then the next batch. What a crash makes come again its receivers know.

#include <deque>
#include <map>
#include <mutex>

#include "fasti/process.hpp"
#include "runtime/node/process_link.hpp"

namespace fasti::node {

class event_courier : public std::enable_shared_from_this<event_courier> {
 public:
  /// Both outlive all calls.
  event_courier(detail::process_port port, view_store& checkpoints, process_link& to);

  /// Where its checkpoint is kept.
  [[nodiscard]] static std::string checkpoint_name(std::string_view category);
  [[nodiscard]] const detail::process_port& port() const noexcept { return port_; }
  /// Behind this.
  void start_at(position at) { handled_ = count_of(at); }

  /// The subscription's callback. It holds the batch until it is done.
  void take(result<event_batch> came);
  /// Sends again what was not taken in. `given_up_to`: all that concerns them up to here was handed
  /// over, at some time before this call.
  void tick(position given_up_to);
  [[nodiscard]] process_status status() const;

 private:
  using lane = std::deque<std::size_t>;  // of events in the batch
  struct parcel {
    std::string key;
    std::size_t event = 0;
  };

  [[nodiscard]] std::vector<parcel> sort_into_lanes();
  void send(const parcel& p);
  void on_answer(const std::string& key, const result<receipt>& r);
  void end_batch();
  void keep(position handled);
  void stop(error why);

  const detail::process_port port_;
  view_store& checkpoints_;
  process_link& to_;

  mutable std::mutex mutex_;
  // Protected by mutex_:
  event_batch batch_;
  std::map<std::string, lane> lanes_;   // of those that are not done, by key
  std::vector<std::string> not_taken_;  // keys whose first event is to be sent again
  std::optional<error> stopped_;

  std::mutex keep_mutex_;
  std::atomic<std::uint64_t> handled_{0};  // rises under keep_mutex_
};

}  // namespace fasti::node
