#pragma once
// A book of the library: on the shelf or lent, one stream each.

#include <fasti/decider.hpp>

#include "library.capnp.h"

namespace library {

inline std::int32_t day_of(fasti::timestamp t) {
  return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(t).time_since_epoch() /
                                   std::chrono::days{1});
}

// [book]
struct book {
  static constexpr auto category = "book";  // its streams are "book-solaris", "book-dune", …
  using commands = fasti::types<Acquire, Loan(Lend), TakeBack>;  // Loan: what Lend answers
  using events = fasti::types<Acquired, Lent, Returned>;
  using queries = fasti::types<Whereabouts(WhereIs)>;
  using snapshot = BookState;

  fasti::decision decide(Acquire::Reader, fasti::emit&) const;
  fasti::decision decide(Lend::Reader, fasti::emit&, Loan::Builder,
                         const fasti::command_context&) const;
  fasti::decision decide(TakeBack::Reader, fasti::emit&, const fasti::command_context&) const;

  void evolve(Acquired::Reader e) { title = e.getTitle().cStr(); }
  void evolve(Lent::Reader e);
  void evolve(Returned::Reader) { holder.clear(); }

  fasti::decision answer(WhereIs::Reader, Whereabouts::Builder) const;
  void save(BookState::Builder) const;
  void load(BookState::Reader);

  std::string title;   // empty: not ours
  std::string holder;  // empty: on the shelf
  std::int32_t due_day = 0;
  std::uint32_t loans = 0;
};
// [/book]

// [decide]
inline fasti::decision book::decide(Lend::Reader c, fasti::emit& out, Loan::Builder reply,
                                    const fasti::command_context& at) const {
  if (title.empty()) return fasti::reject("no-such-book");
  if (!holder.empty()) return fasti::reject("lent-already", "to " + holder);
  const auto due = day_of(at.now) + c.getDays();
  auto lent = out.event<Lent>();  // a Builder, straight into the commit
  lent.setMember(c.getMember());
  lent.setDueDay(due);
  out.tag("member-" + std::string(c.getMember()));
  reply.setDueDay(due);
  return fasti::accept();
}

inline void book::evolve(Lent::Reader e) {
  holder = e.getMember().cStr();
  due_day = e.getDueDay();
  ++loans;
}
// [/decide]

inline fasti::decision book::decide(Acquire::Reader c, fasti::emit& out) const {
  if (!title.empty()) return fasti::accept();  // ours already: nothing had to happen
  out.event<Acquired>().setTitle(c.getTitle());
  return fasti::accept();
}

inline fasti::decision book::decide(TakeBack::Reader, fasti::emit& out,
                                    const fasti::command_context& at) const {
  if (holder.empty()) return fasti::reject("not-lent");
  auto returned = out.event<Returned>();
  returned.setMember(holder.c_str());
  returned.setDaysLate(std::max(0, day_of(at.now) - due_day));
  out.tag("member-" + holder);
  return fasti::accept();
}

// [answer]
inline fasti::decision book::answer(WhereIs::Reader, Whereabouts::Builder reply) const {
  if (title.empty()) return fasti::reject("no-such-book");
  reply.setHolder(holder.c_str());
  reply.setDueDay(due_day);
  return fasti::accept();
}
// [/answer]

// [snapshot]
inline void book::save(BookState::Builder s) const {
  s.setTitle(title.c_str());
  s.setHolder(holder.c_str());
  s.setDueDay(due_day);
  s.setLoans(loans);
}
inline void book::load(BookState::Reader s) {
  title = s.getTitle().cStr();
  holder = s.getHolder().cStr();
  due_day = s.getDueDay();
  loans = s.getLoans();
}
// [/snapshot]

}  // namespace library
