#include "runtime/core/outbox.hpp"

#include "fasti/keys.hpp"
#include "runtime/core/bytes.hpp"
#include "runtime/core/guard.hpp"
#include "runtime/core/stored_rows.hpp"
#include "schemas/process.capnp.h"

namespace fasti::core {
namespace {

using namespace fasti::schemas;

constexpr const char* by_position = "issued";
constexpr const char* by_stream = "to";
constexpr const char* by_due = "due";

/// Rows under stream and number, which the events that end them know, too.
class outbox_state final : public detail::projection_state {
 public:
  void apply(const recorded_event& e, detail::row_set& set) override {
    body_reader reader(e.body);
    rows<OutboxEntry> all(set);
    if (e.type == type_id_of<CommandIssued>) {
      const auto issued = reader.root<CommandIssued>();
      auto row = begin(e, issued.getNumber(), all);
      row.setStream(issued.getStream());
      row.setType(issued.getType());
      row.setBody(issued.getBody());
    } else if (e.type == type_id_of<TimerSet>) {
      const auto timer = reader.root<TimerSet>();
      begin(e, timer.getNumber(), all).setDue(timer.getDue());
    } else if (e.type == type_id_of<CommandSettled>) {
      all.erase(key_of(e.stream, reader.root<CommandSettled>().getNumber()));
    } else {
      all.erase(key_of(e.stream, reader.root<TimerEnded>().getNumber()));
    }
  }
  decision answer(type_id query, body_view, const detail::row_reader&,
                  ::capnp::MessageBuilder&) const override {
    throw detail::unknown_type(query);
  }

 private:
  static OutboxEntry::Builder begin(const recorded_event& e, std::uint64_t number,
                                    rows<OutboxEntry>& all) {
    auto row = all.at(key_of(e.stream, number));
    row.setProcess(bytes_of(e.stream));
    row.setNumber(number);
    row.setPosition(count_of(e.position));
    row.setIdHigh(e.id.high);
    row.setIdLow(e.id.low);
    row.setCorrelationHigh(e.correlation.high);
    row.setCorrelationLow(e.correlation.low);
    row.setTraceHigh(e.trace.trace.high);
    row.setTraceLow(e.trace.trace.low);
    row.setTraceParent(e.trace.parent);
    row.setTraceFlags(e.trace.flags);
    return row;
  }
};

outbox_entry decoded(body_view words) {
  body_reader reader(words);
  const auto row = reader.root<OutboxEntry>();
  outbox_entry e;
  e.process = text_in(row.getProcess());
  e.number = row.getNumber();
  e.at = position{row.getPosition()};
  e.id = {row.getIdHigh(), row.getIdLow()};
  e.correlation = {row.getCorrelationHigh(), row.getCorrelationLow()};
  e.trace = {{row.getTraceHigh(), row.getTraceLow()}, row.getTraceParent(), row.getTraceFlags()};
  e.stream = text_in(row.getStream());
  e.type = type_id{row.getType()};
  const auto body = words_in(row.getBody());
  e.body.assign(body.begin(), body.end());
  return e;
}

error damaged(std::string_view key, const std::string& why) {
  std::string row = "of an unknown process manager";
  if (const auto parts = parts_of<std::string, std::uint64_t>(key)) {
    row = std::get<0>(*parts) + " " + std::to_string(std::get<1>(*parts));
  }
  return damaged_row(outbox_view, row, why);
}

outbox_entry entry_in(std::string_view key, body_view words) {
  outbox_entry e;
  if (const auto thrown = thrown_by([&] { e = decoded(words); })) {
    throw row_error(damaged(key, *thrown));
  }
  return e;
}

detail::row_reader::scan_visitor each(const entry_visitor& visitor) {
  return [&visitor](std::string_view key, body_view row) { return visitor(entry_in(key, row)); };
}

}  // namespace

detail::projection_port outbox_port() {
  detail::projection_port port;
  port.name = outbox_view;
  port.events = detail::names_of(types<CommandIssued, CommandSettled, TimerSet, TimerEnded>());
  port.passes_over_truncated = true;  // `is_pending` sees to that
  port.make = [] { return std::make_unique<outbox_state>(); };
  port.keys_of = [](body_view words, std::string_view, secondary_keys& out) {
    body_reader reader(words);
    const auto row = reader.root<OutboxEntry>();
    if (row.getStream().size() > 0) {
      out.add(by_position, key_of(row.getPosition()));
      out.add(by_stream, key_of(text_in(row.getStream()), row.getPosition()));
    } else {
      out.add(by_due, key_of(row.getDue()));
    }
  };
  return port;
}

void commands_behind(const detail::row_reader& rows, position after, const entry_visitor& visitor) {
  rows.scan_by(by_position, {.from = key_of(count_of(after) + 1)}, each(visitor));
}

void commands_to(const detail::row_reader& rows, std::string_view stream, position after,
                 const entry_visitor& visitor) {
  const auto from = key_of(stream, count_of(after) + 1);
  rows.scan_by(by_stream, {.prefix = key_of(stream), .from = from}, each(visitor));
}

std::optional<std::string> stream_behind(const detail::row_reader& rows, std::string_view stream) {
  std::optional<std::string> next;
  rows.scan_by(by_stream, {.from = key_of(stream, count_of(latest_position))},
               each([&next](outbox_entry&& e) {
                 next = std::move(e.stream);
                 return false;
               }));
  return next;
}

void timers_due(const detail::row_reader& rows, timestamp now, const entry_visitor& visitor) {
  const auto behind = key_of(now + std::chrono::nanoseconds(1));
  rows.scan_by(by_due, {.before = behind}, each(visitor));
}

bool is_pending(const detail::row_reader& rows, std::string_view process, position up_to) {
  bool found = false;
  rows.scan({.prefix = key_of(process)}, each([&](outbox_entry&& e) {
              found = e.at <= up_to;
              return !found;
            }));
  return found;
}

}  // namespace fasti::core
