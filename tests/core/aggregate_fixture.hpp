#pragma once
/// An aggregate of the shared ledger in a fake world, in words that read as the test does.

#include <gtest/gtest.h>

#include "fake_world.hpp"

namespace fasti::test {

using core::aggregate_machine;
using core::load_when;
using phase = aggregate_machine::phase;

class AggregateMachine : public ::testing::Test {
 protected:
  using receipts = std::vector<result<receipt>>;

  /// Sends a command; its answer, once it comes, is appended to the list that this returns.
  template <class Command, class Fill>
  std::shared_ptr<receipts> send(Fill&& fill, std::string_view id = {}) {
    auto answers = std::make_shared<receipts>();
    core::command_request asks{type_id_of<Command>, build<Command>(std::forward<Fill>(fill)), {}};
    asks.id_from = id.empty() ? core::id_origin::generated : core::id_origin::chosen;
    asks.under = under;
    if (asks.type == type_id_of<Draw>) asks.reply = type_id_of<Drawn>;
    asks.origin.id = id.empty() ? command_id::generate() : command_id::of(id);
    machine.on_arrival(std::make_unique<core::incoming_command>(
        machine.stream(), std::move(asks),
        [answers](result<receipt> r) { answers->push_back(std::move(r)); }));
    return answers;
  }
  std::shared_ptr<receipts> deposit(std::int64_t cents, std::string_view id = {}) {
    return send<Deposit>([cents](auto c) { c.setCents(cents); }, id);
  }
  std::shared_ptr<receipts> withdraw(std::int64_t cents, std::string_view id = {}) {
    return send<Withdraw>([cents](auto c) { c.setCents(cents); }, id);
  }
  std::shared_ptr<receipts> draw(std::int64_t cents, std::string_view id = {}) {
    return send<Draw>([cents](auto c) { c.setCents(cents); }, id);
  }
  static std::int64_t left(const result<receipt>& r) {
    if (!r || r->reply.type != type_id_of<Drawn>) return -1;
    return owned<Drawn>(r->reply.body)->getLeft();
  }
  std::shared_ptr<receipts> misbehave(Misbehave::How how) {
    return send<Misbehave>([how](auto c) { c.setHow(how); });
  }

  std::shared_ptr<std::vector<std::int64_t>> ask_balance() {
    auto answers = std::make_shared<std::vector<std::int64_t>>();
    machine.on_arrival(std::make_unique<core::incoming_query>(
        type_id_of<GetBalance>, build<GetBalance>([](auto) {}), under,
        [answers](result<std::vector<word>> r) {
          answers->push_back(r ? owned<Balance>(*std::move(r))->getCents() : -1);
        }));
    return answers;
  }

  void bring_to_life() {
    if (machine.where() == phase::cold) static_cast<void>(misbehave(Misbehave::How::NOTHING));
    machine.on_loaded(world.recovered());
    ASSERT_EQ(machine.where(), phase::live);
  }

  conditions under;  // of what is sent from now on
  const fasti::detail::decider_port decider = fasti::detail::port_of_decider<ledger>();
  fake_world world{decider};
  aggregate_machine machine{stream_id::of("ledger", "1"), decider, world, {.every_events = 3}};
};

}  // namespace fasti::test
