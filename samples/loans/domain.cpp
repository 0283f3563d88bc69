#include "domain.hpp"

#include <array>
#include <stdexcept>
#include <string_view>

namespace loans {
namespace {

constexpr std::array<std::string_view, 4> decisions{"A_APPROVED", "A_ACTIVATED", "A_DECLINED",
                                                    "A_CANCELLED"};

}  // namespace

fasti::decision application::decide(Record::Reader c, fasti::emit& out) const {
  if (c.getActivity().size() == 0) return fasti::reject("no-activity");
  auto e = out.event<Recorded>();
  e.setActivity(c.getActivity());
  e.setLifecycle(c.getLifecycle());
  e.setResource(c.getResource());
  return fasti::accept();
}

fasti::decision activity::decide(Tally::Reader, fasti::emit& out) const {
  out.event<Tallied>();
  return fasti::accept();
}

void clerk::react(Recorded::Reader e, fasti::reactions& out) const {
  const std::string_view what = e.getActivity().cStr();
  const std::string_view lifecycle = e.getLifecycle().cStr();
  const int change = lifecycle == "SCHEDULE" ? 1 : lifecycle == "COMPLETE" && open > 0 ? -1 : 0;
  out.event<WorkNoted>().setOpen(open + change);
  for (const auto decision : decisions) {
    if (what == decision && decided.empty()) out.event<Decided>().setHow(e.getActivity());
  }
  out.command<Tally>("activity-" + std::string(what));
}

/// Nobody refuses that; who begins to has to say here what is to be done about it.
void clerk::on_refused(Tally::Reader, const fasti::refusal& why, fasti::reactions&) const {
  throw std::logic_error("a tally was refused: " + std::string(why.reason));
}

void clerk::evolve(WorkNoted::Reader e) {
  open = e.getOpen();
  ++steps;
}

fasti::decision clerk::answer(AskCase::Reader, Case::Builder reply) const {
  reply.setSteps(steps);
  reply.setDecided(decided);
  return fasti::accept();
}

void activities::apply(Recorded::Reader e, const fasti::recorded_event&, fasti::rows<row>& rows) {
  auto counts = rows.at(e.getActivity().cStr());
  counts.setRecorded(counts.getRecorded() + 1);
}

void activities::apply(Tallied::Reader, const fasti::recorded_event& at, fasti::rows<row>& rows) {
  auto counts = rows.at(at.key());
  counts.setTallied(counts.getTallied() + 1);
}

fasti::decision activities::answer(AskActivities::Reader, const fasti::view<row>& all,
                                   Activities::Builder reply) const {
  std::vector<std::pair<std::string, std::pair<std::uint64_t, std::uint64_t>>> found;
  all.scan("", [&found](std::string_view key, Activity::Reader counts) {
    found.emplace_back(key, std::pair(counts.getRecorded(), counts.getTallied()));
  });
  auto list = reply.initAll(static_cast<unsigned>(found.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setName(found[i].first);
    list[i].getCounts().setRecorded(found[i].second.first);
    list[i].getCounts().setTallied(found[i].second.second);
  }
  return fasti::accept();
}

}  // namespace loans
