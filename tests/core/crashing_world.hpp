#pragma once
/// A fake world in which everything goes wrong that can: the disk fails, the process ends in the
/// midst of things, somebody else writes to the stream, snapshots are late or lost.

#include <deque>

#include "tests/core/fake_world.hpp"

namespace fasti::test {

class crashing_world final : public fake_world {
 public:
  using fake_world::fake_world;

  /// The process ends: of what was on its way, the oldest `stored` reached the disk, and nobody
  /// was told. Who waits for the rest is told nothing either: `mute` before, and drop the machine.
  void crash(std::size_t stored) {
    for (; stored > 0 && !queue_.empty(); --stored) {
      static_cast<void>(store(queue_.front()).has_value());
      queue_.pop_front();
    }
    queue_.clear();
    settled_ = given_;
    loads.clear();
    refuse = false;
    elsewhere = no_version;
    fails_.clear();
  }
  /// How the storage fails under the next commit with events.
  enum class failure : std::uint8_t { not_stored, unknown_and_not_stored, unknown_and_stored };
  void fail_next(failure how) { fails_.push_back(how); }

  void save_snapshot(snapshot&& s, const std::shared_ptr<commit_session>& session) override {
    queue_.push_back({commit{}, session, std::make_unique<saver>(*this, std::move(s))});
    ++given_;
  }

  /// Somebody else's event is durable in the stream, and the aggregate is told before he is.
  void overtake_and_tell() {
    durable.push_back({type_id_of<Deposited>, deposited(1)});
    elsewhere = version{durable.size()};
  }

  /// As recovery does it: the newest snapshot, then the events behind it.
  [[nodiscard]] core::recovered_aggregate recovered_from_snapshot() const {
    core::recovered_aggregate r{decider_.make(), version{durable.size()}, no_version};
    if (kept_) {
      r.state->load(kept_->body);
      r.snapshot_version = kept_->version;
    }
    for (auto i = count_of(r.snapshot_version); i < durable.size(); ++i) {
      r.state->evolve(durable[i].type, durable[i].body);
    }
    return r;
  }
  [[nodiscard]] const std::optional<snapshot>& kept() const noexcept { return kept_; }
  /// The version, the outcome and the reply under which an id had its effect, if it had.
  [[nodiscard]] const command_record* effect_of(command_id id) const {
    const auto found = known_.find(id);
    return found == known_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const command_reply& reply_of(const committed& c) const {
    return replies_.at(c.last_position);
  }

 private:
  class saver final : public commit_observer {
   public:
    saver(crashing_world& world, snapshot&& s) : world_(world), snapshot_(std::move(s)) {}
    void on_outcome(result<committed> outcome) noexcept override {
      if (outcome) world_.kept_ = std::move(snapshot_);
    }

   private:
    crashing_world& world_;
    snapshot snapshot_;
  };

  result<committed> store(entry& e) override {
    if (fails_.empty() || e.c.is_barrier()) return fake_world::store(e);
    const auto how = fails_.front();
    fails_.pop_front();
    if (how == failure::unknown_and_stored) {
      auto outcome = fake_world::store(e);
      if (!outcome) return outcome;  // it was refused before the storage failed
    }
    if (e.session) e.session->break_off();
    const auto told = how == failure::not_stored ? errc::unavailable : errc::unknown;
    return error{told, "storage-failed", "as the test wants"};
  }

  std::optional<snapshot> kept_;
  std::deque<failure> fails_;
};

}  // namespace fasti::test
