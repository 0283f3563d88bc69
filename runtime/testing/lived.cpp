#include "runtime/testing/lived.hpp"

#include <algorithm>

#include "runtime/core/guard.hpp"

namespace fasti::testing::detail {
namespace {

/// Calls user code.
template <class F>
void guarded(const char* what, F&& f) {
  if (auto thrown = core::thrown_by(std::forward<F>(f))) throw finding{what, *std::move(thrown)};
}

bool is_same(const decision& a, const decision& b) {
  return a.is_accepted() == b.is_accepted() && a.reason() == b.reason() && a.detail() == b.detail();
}

bool is_same(const commit& a, const commit& b) {
  const auto same_size = [](const commit::event& x, const commit::event& y) {
    return x.type == y.type && x.words == y.words && x.tag_bytes == y.tag_bytes;
  };
  return std::equal(a.events.begin(), a.events.end(), b.events.begin(), b.events.end(),
                    same_size) &&
         a.bodies == b.bodies && a.tags == b.tags && a.reply == b.reply;
}

/// With its lines, but the first, pushed in.
std::string pushed_in(const std::string& text, std::size_t by) {
  std::string out;
  for (const char c : text) {
    out.push_back(c);
    if (c == '\n') out.append(by, ' ');
  }
  return out;
}

}  // namespace

std::vector<word> words_of(const generated_command& command, std::vector<draw>& drawn,
                           source* fresh) {
  fasti::detail::borrowed_scratch scratch;
  drawing draws(drawn, fresh);
  dice d(draws);
  command.fill(scratch->begin(), d);
  std::vector<word> words;
  scratch->finish(words);
  return words;
}

std::optional<finding> lived::run(const history_steps& steps) {
  try {
    begin();
    for (const auto& s : steps) live(s);
    check_a_second_time();
    check_unknown_event();
  } catch (finding& found) {
    return std::move(found);
  }
  return std::nullopt;
}

void lived::begin() {
  entries_.clear();
  restored_.reset();
  version_ = plan_.given.size();
  passed_s_ = 0;
  state_ = beginning();
  check_invariants();
}

lived::state_ptr lived::beginning() const {
  auto state = plan_.port.make();
  for (const auto& e : plan_.given) evolve(*state, e.type, e.words);
  return state;
}

void lived::live(const step& s) {
  passed_s_ += s.pause_s;
  const command_context at{plan_.stream, version{version_},
                           command_id{unique_id{1, entries_.size() + 1}},
                           timestamp{std::chrono::hours{24} + std::chrono::seconds{passed_s_}}};
  entries_.push_back({s.command, s.pause_s, at});
  s.command == step::snapshot ? take_snapshot() : send(s);
}

void lived::send(const step& s) {
  auto& now = entries_.back();
  auto drawn = s.drawn;
  guarded("`filling` threw",
          [&] { now.words = words_of(plan_.commands[s.command], drawn, nullptr); });
  auto came = decided_by(*state_, now);
  now.came = came;
  must_be_same(now, decided_by(*state_, now), "deciding twice does not give the same");
  if (restored_) {
    must_be_same(now, decided_by(*restored_, now),
                 "a state from a snapshot and the events behind it does not decide the same (P13)");
  }
  if (!came.made.is_accepted()) return;
  evolve_all(*state_, came);
  version_ += came.emitted.events.size();
  if (restored_) {
    evolve_all(*restored_, came);
    if (saved_by(*restored_) != saved_by(*state_)) {
      throw finding{
          "a state from a snapshot and the events behind it is not that of all events"
          " (P13)",
          {}};
    }
  }
  check_invariants();
}

void lived::take_snapshot() {
  const auto saved = saved_by(*state_);
  restored_ = plan_.port.make();
  guarded("load threw", [&] { restored_->load(saved); });
  if (saved_by(*restored_) != saved) {
    throw finding{"a state that was saved and loaded does not save the same again (P13)", {}};
  }
}

lived::outcome lived::decided_by(const fasti::detail::aggregate_state& state, const entry& e) {
  outcome came;
  const auto& command = plan_.port.commands[e.command];
  out_.discard();
  guarded("decide threw", [&] { came.made = state.decide(command.type, e.words, e.at, out_); });
  if (came.made.is_accepted()) out_.finish(came.emitted);
  return came;
}

void lived::evolve(fasti::detail::aggregate_state& state, type_id type, body_view body) const {
  if (auto thrown = core::thrown_by([&] { state.evolve(type, body); })) {
    throw finding{"evolve threw", *thrown + ", at " + event_of(type, body, {}).to_string()};
  }
}

void lived::evolve_all(fasti::detail::aggregate_state& state, const outcome& came) const {
  came.emitted.each_event([&](type_id type, body_view body, const tag_list&) {
    evolve(state, type, body);
    return true;
  });
}

std::vector<word> lived::saved_by(const fasti::detail::aggregate_state& state) const {
  std::vector<word> words;
  if (plan_.port.snapshot) guarded("save threw", [&] { words = detail::saved_by(state); });
  return words;
}

void lived::check_invariants() const {
  for (const auto& always : plan_.invariants) {
    bool holds = false;
    guarded("an invariant threw", [&] { holds = always.holds(*state_); });
    if (!holds) throw finding{"this does not hold: " + always.what, {}};
  }
}

/// From the first event again, by a state that was asked for nothing else.
void lived::check_a_second_time() {
  const auto again = beginning();
  for (auto& e : entries_) {
    if (!e.came) continue;
    must_be_same(e, decided_by(*again, e), "the same history a second time is decided otherwise");
    evolve_all(*again, *e.came);
  }
  if (saved_by(*again) != saved_by(*state_)) {
    throw finding{"folding the same events twice does not give the same state", {}};
  }
}

void lived::check_unknown_event() const {
  const std::vector<word> nothing{word{0}};
  try {
    beginning()->evolve(nobodys_type, nothing);
  } catch (const fasti::detail::unknown_type&) {
    return;
  }
  throw finding{"an event of a type that it does not list is not refused", {}};
}

void lived::must_be_same(entry& first, outcome again, const char* what) {
  if (is_same(first.came->made, again.made) && is_same(first.came->emitted, again.emitted)) return;
  first.otherwise = std::move(again);
  throw finding{what, {}};
}

void lived::show(source& to) const {
  const auto show_words = [](body_view words, ::capnp::StructSchema schema, auto&& see) {
    body_reader reader(words);
    see(reader.root_pointer().getAs<::capnp::DynamicStruct>(schema));
  };
  const auto see = [&to](const auto& happened) { to.see(happened); };
  if (const auto& came = entries_.back().came; came && came->made.is_accepted()) {
    came->emitted.each_event([&](type_id type, body_view body, const tag_list& tags) {
      const auto event = event_of(type, body, tags);
      if (event.schema) show_words(event.words, *event.schema, see);
      return true;
    });
    const auto& reply = came->emitted.reply;
    const auto& schema = plan_.replies[entries_.back().command];
    if (!reply.is_none() && schema) show_words(reply.body, *schema, see);
  }
  if (plan_.snapshot) {
    show_words(saved_by(*state_), *plan_.snapshot,
               [&to](const auto& state) { to.see_state(state); });
  }
}

// -- for people ----------------------------------------------------------------------------------

void lived::count(histories_report& into) const {
  for (const auto& e : entries_) {
    if (!e.came) continue;
    auto& c = into.commands[e.command];
    if (e.came->made.is_accepted()) {
      ++c.accepted;
    } else {
      ++c.rejected[e.came->made.reason()];
    }
  }
}

message lived::event_of(type_id type, body_view body, const tag_list& tags) const {
  return event_among(plan_.events, type, body, tags);
}

std::string lived::told(const entry& e) const {
  if (e.command == step::snapshot) return "a snapshot is saved and loaded";
  std::string text;
  if (e.pause_s > 0) text = "after " + std::to_string(e.pause_s) + " s: ";
  const auto& command = plan_.port.commands[e.command];
  if (e.words.empty()) return text + command.name;  // it could not be filled
  text += message{command.type, plan_.commands[e.command].schema, e.words}.to_string();
  if (e.came) text += told(*e.came, e.command);
  if (e.otherwise) text += "\nand when asked again" + told(*e.otherwise, e.command);
  return text;
}

std::string lived::told(const outcome& came, std::size_t command) const {
  if (!came.made.is_accepted()) {
    const auto& detail = came.made.detail();
    return "\n  rejected for \"" + came.made.reason() + "\"" +
           (detail.empty() ? "" : " (" + detail + ")");
  }
  std::string text;
  came.emitted.each_event([&](type_id type, body_view body, const tag_list& tags) {
    text += "\n  " + pushed_in(event_of(type, body, tags).to_string(), 2);
    return true;
  });
  if (text.empty()) text = "\n  nothing had to happen";
  const auto& reply = came.emitted.reply;
  if (!reply.is_none()) {
    const message shown{reply.type, plan_.replies[command], reply.body};
    text += "\n  replied " + pushed_in(shown.to_string(), 2);
  }
  return text;
}

std::string lived::told() const {
  std::string text;
  for (const auto& e : plan_.given) text += "\n  given " + pushed_in(e.to_string(), 4);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    text += "\n  " + std::to_string(i + 1) + ". " + pushed_in(told(entries_[i]), 5);
  }
  return text.empty() ? "\n  nothing has happened yet" : text;
}

}  // namespace fasti::testing::detail
