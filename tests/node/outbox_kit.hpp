#pragma once
/// An outbox over a journal and a store in memory, its courier, and a node that does what the test
/// says: which streams and process managers can be reached, and when reader threads run.

#include <deque>

#include "runtime/core/bytes.hpp"
#include "runtime/core/outbox.hpp"
#include "runtime/node/outbox_courier.hpp"
#include "schemas/process.capnp.h"
#include "tests/core/fold_kit.hpp"

namespace fasti::test {

class OutboxTest : public FoldTest, public node::process_link {
 protected:
  OutboxTest() {
    port = core::outbox_port();
    restart();
  }

  /// As after the end of the process.
  void restart() {
    later_.clear();
    start();
    fold();
    courier = std::make_shared<node::outbox_courier>(
        store, *this, [this] { return time_of_day; }, journal->head());
    courier->look_soon();
  }
  /// What a process manager does.
  void issue(const std::string& process, const std::string& stream) {
    const auto number = ++numbers_[process];
    put(process, type_id_of<schemas::CommandIssued>, build<schemas::CommandIssued>([&](auto e) {
          e.setNumber(number);
          e.setStream(core::bytes_of(stream));
        }));
    const auto name = process + " " + std::to_string(number);
    issued[stream].push_back(name);
    EXPECT_TRUE(
        journal->read({.after = position{count_of(journal->head()) - 1}}, [&](const auto& e) {
          names_[e.id.to_string()] = name;
          return visit::stop;
        }));
  }
  /// The view follows the journal, and the reader threads do what there is to do.
  void run() {
    fold();
    courier->look_soon();
    while (!later_.empty()) {
      auto task = std::move(later_.front());
      later_.pop_front();
      task();
    }
  }
  void tick(int times = 1) {
    for (; times > 0; --times) {
      courier->tick();
      run();
    }
  }
  [[nodiscard]] bool is_empty() {
    fold();
    return !core::stream_behind(core::stored_rows(store, port.name), "");
  }

  // -- what the courier asks ---------------------------------------------------------------------
  [[nodiscard]] clock::time_point steady_now() const override { return now; }
  void deliver(std::string_view stream, type_id, std::vector<word> body, command_origin origin,
               std::optional<std::string> principal, receipt_callback callback) override {
    const std::string to(stream);
    if (const auto why = failure_of ? failure_of(to) : std::nullopt) return callback(*why);
    if (leaves_waiting && leaves_waiting(to)) return;
    if (principal) {
      ++deliveries;
      const auto id = origin.id.to_string();
      if (known_.insert(id).second) effects[to].push_back(names_.at(id));  // P8: else a repeat
    } else {
      settle(to, body);
    }
    receipt r;
    r.position = journal->head();
    callback(std::move(r));
  }
  void run_later(std::function<void()> task) override { later_.push_back(std::move(task)); }
  void log(log_level, std::string_view line) const override { logged.emplace_back(line); }

  /// Why a stream, or a process manager, cannot be reached; the test decides.
  std::function<std::optional<error>(const std::string& stream)> failure_of;
  /// A stream that does not answer.
  std::function<bool(const std::string& stream)> leaves_waiting;
  std::map<std::string, std::vector<std::string>> issued;   // by where they go
  std::map<std::string, std::vector<std::string>> effects;  // what came of them
  std::vector<std::string> refusals;
  std::uint64_t deliveries = 0;
  mutable std::vector<std::string> logged;
  std::shared_ptr<node::outbox_courier> courier;

 private:
  void settle(const std::string& process, const std::vector<word>& body) {
    body_reader reader(body);
    const auto outcome = reader.root<schemas::SettleCommand>();
    const auto number = outcome.getNumber();
    if (outcome.getReason().size() > 0) refusals.emplace_back(outcome.getReason().cStr());
    if (!settled_.emplace(process, number).second) return;  // accepts and does nothing
    put(process, type_id_of<schemas::CommandSettled>,
        build<schemas::CommandSettled>([number](auto e) { e.setNumber(number); }));
  }

  std::deque<std::function<void()>> later_;
  std::map<std::string, std::uint64_t> numbers_;
  std::map<std::string, std::string> names_;  // of commands, by their ids
  std::set<std::string> known_;
  std::set<std::pair<std::string, std::uint64_t>> settled_;
};

}  // namespace fasti::test
