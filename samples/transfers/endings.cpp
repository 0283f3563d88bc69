#include "endings.hpp"

namespace transfers {
namespace {

/// In the order in which outcomes are declared.
std::string key_of(Outcome outcome, std::string_view reason) {
  return std::to_string(static_cast<unsigned>(outcome)).append(" ").append(reason);
}

void add(Ending::Builder row, std::int64_t transfers, std::int64_t cents) {
  row.setTransfers(row.getTransfers() + static_cast<std::uint64_t>(transfers));
  row.setCents(row.getCents() + cents);
}

}  // namespace

void endings::apply(Ordered::Reader e, const fasti::recorded_event&, fasti::rows<row>& rows) {
  add(rows.at(key_of(Outcome::NONE, {})), 1, e.getCents());
}

void endings::apply(Ended::Reader e, const fasti::recorded_event&, fasti::rows<row>& rows) {
  add(rows.at(key_of(Outcome::NONE, {})), -1, -e.getCents());
  auto ending = rows.at(key_of(e.getOutcome(), e.getReason().cStr()));
  ending.setOutcome(e.getOutcome());
  ending.setReason(e.getReason());
  add(ending, 1, e.getCents());
}

fasti::decision endings::answer(AskEndings::Reader, const fasti::view<row>& all,
                                Endings::Builder reply) const {
  std::vector<fasti::owned<Ending>> found;
  all.scan("", [&found](std::string_view, Ending::Reader r) {
    found.emplace_back(fasti::build<Ending>([r](auto copy) {
      copy.setOutcome(r.getOutcome());
      copy.setReason(r.getReason());
      copy.setTransfers(r.getTransfers());
      copy.setCents(r.getCents());
    }));
    return true;
  });
  auto list = reply.initAll(static_cast<unsigned>(found.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.setWithCaveats(i, *found[i]);
  return fasti::accept();
}

counts count(Endings::Reader all) {
  counts c;
  for (const auto e : all.getAll()) {
    (e.getOutcome() == Outcome::NONE ? c.under_way : c.ended) += e.getTransfers();
  }
  return c;
}

}  // namespace transfers
