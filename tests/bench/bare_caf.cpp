#include "bare_caf.hpp"

#include "actors/caf/actor.hpp"
#include "actors/caf/send.hpp"
#include "actors/caf/world.hpp"

namespace fasti::bench {

struct ask {
  std::uint64_t number = 0;
};
struct answer {
  std::uint64_t number = 0;
};
struct begin_asking {
  std::size_t in_flight = 0;
};
using answering_actor = actors::typed_interface<answer(ask)>;
using asking_actor = actors::typed_interface<void(begin_asking)>;

}  // namespace fasti::bench

FASTI_MESSAGES_BEGIN(fasti_bench, 1300)
FASTI_MESSAGE(fasti_bench, fasti::bench::ask)
FASTI_MESSAGE(fasti_bench, fasti::bench::answer)
FASTI_MESSAGE(fasti_bench, fasti::bench::begin_asking)
FASTI_MESSAGES_END(fasti_bench)

namespace fasti::bench {
namespace {

class answering final : public actors::actor_base<answering_actor> {
 public:
  static constexpr std::string_view actor_name = "answering";
  explicit answering(const actors::actor_setup& setup) : actor_base(setup) {}

 private:
  behavior make_behavior() override { return handlers(&answering::on_ask); }
  answer on_ask(const ask& a) { return {a.number}; }
};

class asking final : public actors::actor_base<asking_actor> {
 public:
  static constexpr std::string_view actor_name = "asking";
  asking(const actors::actor_setup& setup, const std::vector<answering_actor>& whom, flow& requests)
      : actor_base(setup), whom_(whom), requests_(requests) {}

 private:
  behavior make_behavior() override { return handlers(&asking::on_begin); }
  void on_begin(const begin_asking& b) {
    for (std::size_t i = 0; i < b.in_flight; ++i) ask_next();
  }
  void ask_next() {
    const auto number = requests_.next();
    if (!number) return;
    request(
        whom_[*number % whom_.size()], ask{*number},
        [this, sent = stopwatch::now()](const answer&) {
          requests_.on_done(sent);
          ask_next();
        },
        [](const error& e) { fail(e.to_string()); });
  }
  const std::vector<answering_actor>& whom_;
  flow& requests_;
};

}  // namespace

void run_bare_caf(std::size_t actors_count, std::size_t in_flight, flow& requests) {
  auto opened = actors::actor_world::open({.policy = actors::scheduler_policy::sharing});
  if (!opened) fail(opened.error().to_string());
  auto& world = **opened;
  std::vector<answering_actor> whom;
  for (std::size_t i = 0; i < actors_count; ++i) whom.push_back(world.host().spawn<answering>());
  auto who = world.host().spawn<asking>(whom, requests);
  actors::send(who, begin_asking{in_flight});
  requests.wait();
  actors::stop(who);
  who = nullptr;
  for (auto& w : whom) actors::stop(w);
  whom.clear();
  if (!world.shutdown(std::chrono::seconds{30}).empty()) fail("CAF's actors do not end");
}

}  // namespace fasti::bench
