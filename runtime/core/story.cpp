// The bodies of the test kit: what is the same for every decider.

#include <capnp/any.h>
#include <capnp/dynamic.h>
#include <capnp/pretty-print.h>

#include "fasti/testing/given.hpp"

namespace fasti::testing {
namespace {

using ::capnp::DynamicList;
using ::capnp::DynamicStruct;
using ::capnp::DynamicValue;

bool is_same(const DynamicValue::Reader& a, const DynamicValue::Reader& b);

bool is_same(const DynamicStruct::Reader& a, const DynamicStruct::Reader& b) {
  const auto chosen = [](const DynamicStruct::Reader& s) {
    KJ_IF_MAYBE (field, s.which()) {
      return static_cast<int>(field->getIndex());
    }
    return -1;  // no union, or a choice that the schema does not know
  };
  if (chosen(a) != chosen(b)) return false;
  for (const auto field : a.getSchema().getNonUnionFields()) {
    if (!is_same(a.get(field), b.get(field))) return false;
  }
  KJ_IF_MAYBE (field, a.which()) {
    return is_same(a.get(*field), b.get(*field));
  }
  return true;
}

bool is_same(const DynamicList::Reader& a, const DynamicList::Reader& b) {
  if (a.size() != b.size()) return false;
  for (unsigned i = 0; i < a.size(); ++i) {
    if (!is_same(a[i], b[i])) return false;
  }
  return true;
}

bool is_same(const DynamicValue::Reader& a, const DynamicValue::Reader& b) {
  switch (a.getType()) {
    case DynamicValue::STRUCT:
      return is_same(a.as<DynamicStruct>(), b.as<DynamicStruct>());
    case DynamicValue::LIST:
      return is_same(a.as<DynamicList>(), b.as<DynamicList>());
    case DynamicValue::ANY_POINTER:
      return a.as<::capnp::AnyPointer>().equals(b.as<::capnp::AnyPointer>()) ==
             ::capnp::Equality::EQUAL;
    case DynamicValue::TEXT:
      return a.as<::capnp::Text>() == b.as<::capnp::Text>();
    case DynamicValue::DATA:
      return a.as<::capnp::Data>() == b.as<::capnp::Data>();
    default:
      return kj::str(a) == kj::str(b);  // numbers, as they are written
  }
}

/// For bytes of which no schema is at hand.
bool is_same(body_view a, body_view b) {
  body_reader left(a);
  body_reader right(b);
  return left.root_pointer().equals(right.root_pointer()) == ::capnp::Equality::EQUAL;
}

bool is_same(const decision& a, const decision& b) {
  return a.is_accepted() == b.is_accepted() && a.reason() == b.reason();
}

}  // namespace

bool operator==(const message& a, const message& b) {
  if (a.type != b.type || a.packed_tags != b.packed_tags) return false;
  if (!a.schema || !b.schema) return is_same(a.words, b.words);
  body_reader left(a.words);
  body_reader right(b.words);
  return is_same(left.root_pointer().getAs<DynamicStruct>(*a.schema),
                 right.root_pointer().getAs<DynamicStruct>(*b.schema));
}

std::string message::to_string() const {
  if (!schema) return "an event of a type that the decider does not list";
  body_reader reader(words);
  const auto root = reader.root_pointer().getAs<DynamicStruct>(*schema);
  std::string text = std::string(schema->getShortDisplayName().cStr()) + " " +
                     ::capnp::prettyPrint(root).flatten().cStr();
  for (const auto tag : tag_list(packed_tags).all()) text += " #" + std::string(tag);
  return text;
}

namespace detail {
namespace {

std::string lines_of(const std::vector<message>& events) {
  std::string text;
  for (const auto& e : events) text += "\n  " + e.to_string();
  return text.empty() ? "\n  no events" : text;
}

}  // namespace

std::vector<word> saved_by(const fasti::detail::aggregate_state& state) {
  fasti::detail::borrowed_scratch scratch;
  state.save(scratch->begin());
  std::vector<word> words;
  scratch->finish(words);
  return words;
}

message event_among(const std::vector<::capnp::StructSchema>& known, type_id type, body_view body,
                    const tag_list& tags) {
  message event{type, std::nullopt, {body.begin(), body.end()}, std::string(tags.packed())};
  for (const auto& schema : known) {
    if (type_id{schema.getProto().getId()} == type) event.schema = schema;
  }
  return event;
}

story::story(fasti::detail::decider_port port, std::vector<::capnp::StructSchema> events)
    : port_(std::move(port)), schemas_(std::move(events)) {
  where_.stream = stream_id::of(port_.category, "test");
}

void story::add(std::vector<message> events) {
  events_.insert(events_.end(), std::make_move_iterator(events.begin()),
                 std::make_move_iterator(events.end()));
  static_cast<void>(state());  // it must evolve
}

void story::fail(const std::string& what) const {
  std::string text = port_.category;
  if (asked_) text += ", when " + asked_->to_string();
  throw mismatch(text + ":\n" + what);
}

std::string story::shown(const outcome& o) const {
  if (o.made.is_accepted()) return "accepted with" + lines_of(o.events);
  std::string text = "rejected for \"" + o.made.reason() + "\"";
  if (!o.made.detail().empty()) text += " (" + o.made.detail() + ")";
  return text;
}

void story::evolve(fasti::detail::aggregate_state& s, const message& event) const {
  try {
    s.evolve(event.type, event.words);
  } catch (const std::exception& thrown) {
    fail("evolve threw at " + event.to_string() + ": " + thrown.what());
  }
}

std::unique_ptr<fasti::detail::aggregate_state> story::state() const {
  auto s = port_.make();
  for (const auto& e : events_) evolve(*s, e);
  return s;
}

story::outcome story::decided_by(const fasti::detail::aggregate_state& s) const {
  outcome o;
  emit out;
  const command_context at{where_.stream, version{events_.size()}, where_.command, where_.now};
  try {
    o.made = s.decide(asked_->type, asked_->words, at, out);
  } catch (const std::exception& thrown) {
    fail(std::string("decide threw: ") + thrown.what());
  }
  if (!o.made.is_accepted()) return o;
  commit c;
  out.finish(c);
  o.reply = std::move(c.reply);
  c.each_event([&](type_id type, body_view body, const tag_list& tags) {
    o.events.push_back(event_among(schemas_, type, body, tags));
    return true;
  });
  return o;
}

void story::decide(const message& command) {
  asked_ = command;
  const auto now = state();
  outcome_ = decided_by(*now);
  for (const auto& e : outcome_.events) evolve(*now, e);
  if (thorough_) check_thoroughly(outcome_);
}

void story::check_thoroughly(const outcome& first) const {
  const auto one = state();
  const auto must_be_first = [&](const outcome& o, const std::string& what) {
    const bool same_reply = o.reply.type == first.reply.type &&
                            (o.reply.is_none() || is_same(o.reply.body, first.reply.body));
    if (is_same(o.made, first.made) && o.events == first.events && same_reply) return;
    fail(what + "\nfirst it was " + shown(first) + "\nthen it was " + shown(o));
  };
  must_be_first(decided_by(*one), "deciding twice does not give the same");
  try {
    one->evolve(nobodys_type, asked_->words);
    fail("an event of a type that it does not list is not refused");
  } catch (const fasti::detail::unknown_type&) {
  }
  if (!port_.snapshot) return;
  const auto saved = saved_by(*one);
  if (!is_same(saved, saved_by(*state()))) {
    fail("folding the same events twice does not give the same state");
  }
  const auto loaded = port_.make();
  loaded->load(saved);
  if (!is_same(saved, saved_by(*loaded))) {
    fail("a state that was saved and loaded does not save the same again");
  }
  must_be_first(decided_by(*loaded), "a state that was saved and loaded does not decide the same");
}

void story::expect_events(const std::vector<message>& expected) {
  if (!outcome_.made.is_accepted() || outcome_.events != expected) {
    fail("expected" + lines_of(expected) + "\nbut it was " + shown(outcome_));
  }
  add(std::exchange(outcome_.events, {}));
}

void story::expect_rejection(std::string_view reason) {
  if (!outcome_.made.is_accepted() && outcome_.made.reason() == reason) return;
  fail("expected a rejection for \"" + std::string(reason) + "\"\nbut it was " + shown(outcome_));
}

void story::expect_reply(const message& expected) const {
  const message came{outcome_.reply.type, expected.schema, outcome_.reply.body};
  if (outcome_.made.is_accepted() && came == expected) return;
  const auto what = outcome_.made.is_accepted() ? came.to_string() : shown(outcome_);
  fail("expected the reply " + expected.to_string() + "\nbut it was " + what);
}

void story::answer(const message& query) {
  asked_ = query;
  message_scratch scratch;
  try {
    answered_ = state()->answer(query.type, query.words, scratch.begin());
  } catch (const std::exception& thrown) {
    fail(std::string("answer threw: ") + thrown.what());
  }
  answer_.clear();
  scratch.finish(answer_);
}

void story::expect_answer(const message& expected) const {
  if (!answered_.is_accepted()) {
    fail("expected " + expected.to_string() + "\nbut it was rejected for \"" + answered_.reason() +
         "\"");
  }
  const message came{expected.type, expected.schema, answer_};
  if (came != expected) {
    fail("expected " + expected.to_string() + "\nbut it was " + came.to_string());
  }
}

}  // namespace detail
}  // namespace fasti::testing
