#pragma once
/// Requests for loans, as a bank's office handles them: what happened to each is a stream; a clerk
/// follows it, notes what is open and how it ended, and has each step tallied.

#include <fasti/process.hpp>
#include <fasti/projection.hpp>
#include <fasti/runtime.hpp>

#include "loans.capnp.h"

namespace loans {

struct application {
  static constexpr auto category = "application";
  using commands = fasti::types<Record>;
  using events = fasti::types<Recorded>;

  fasti::decision decide(Record::Reader c, fasti::emit& out) const;
  void evolve(Recorded::Reader) {}
};

/// How often one activity was done.
struct activity {
  static constexpr auto category = "activity";
  using commands = fasti::types<Tally>;
  using events = fasti::types<Tallied>;

  fasti::decision decide(Tally::Reader, fasti::emit& out) const;
  void evolve(Tallied::Reader) {}
};

/// Follows one application, under the same key.
struct clerk {
  static constexpr auto category = "clerk";
  using reacts_to = fasti::types<Recorded>;
  using commands = fasti::types<Tally>;
  using events = fasti::types<WorkNoted, Decided>;
  using queries = fasti::types<Case(AskCase)>;

  static std::optional<std::string> key_of(Recorded::Reader, const fasti::recorded_event& at) {
    return std::string(at.key());
  }
  void react(Recorded::Reader e, fasti::reactions& out) const;
  void on_refused(Tally::Reader, const fasti::refusal& why, fasti::reactions&) const;
  void evolve(WorkNoted::Reader e);
  void evolve(Decided::Reader e) { decided = e.getHow().cStr(); }
  fasti::decision answer(AskCase::Reader, Case::Builder reply) const;

  std::int32_t open = 0;
  std::uint32_t steps = 0;
  std::string decided;
};

struct activities {
  static constexpr auto name = "activities";
  using events = fasti::types<Recorded, Tallied>;
  using row = Activity;
  using queries = fasti::types<Activities(AskActivities)>;

  void apply(Recorded::Reader e, const fasti::recorded_event& at, fasti::rows<row>& rows);
  void apply(Tallied::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows);
  fasti::decision answer(AskActivities::Reader, const fasti::view<row>& all,
                         Activities::Builder reply) const;
};

}  // namespace loans
