#include "persistence/truncation.hpp"

#include <cstring>

#include "fasti/schema.hpp"
#include "persistence/identity.hpp"
#include "schemas/journal.capnp.h"

namespace fasti::persistence {
namespace {

/// Blocks written in one step, at least.
constexpr std::size_t bytes_per_write = 1U << 20;

capnp::Data::Reader bytes_of(const void* data, std::size_t size) {
  return {static_cast<const unsigned char*>(data), size};
}

error malformed(const truncation& t, const std::string& what) {
  return {errc::invalid, "malformed-truncation",
          std::string(t.stream.text()) + " up to version " + std::to_string(count_of(t.up_to)) +
              ": " + what};
}

}  // namespace

const stream_id& truncations_stream() {
  static const auto stream = stream_id::of("fasti", "truncations");
  return stream;
}

error not_a_truncation(position at) {
  return {errc::corrupt, "truncation-damaged",
          "journal, position " + std::to_string(count_of(at)) +
              ": not the event that says what was truncated"};
}

result<void> check_truncation(const truncation& t, version actual) {
  if (t.up_to == no_version) return malformed(t, "nothing is to go");
  if (t.up_to > actual) {
    return malformed(t, "the stream has version " + std::to_string(count_of(actual)));
  }
  if (t.base.stream != t.stream) return malformed(t, "the base is another stream's");
  if (t.base.version < t.up_to || t.base.version > actual) {
    return malformed(t, "the base has version " + std::to_string(count_of(t.base.version)));
  }
  if (t.base.body.empty()) return malformed(t, "the base is empty");
  return {};
}

commit commit_of(const truncation& t) {
  commit c;
  c.origin.id = command_id::generate();
  c.bodies = build<schemas::StreamTruncated>([&t](auto e) {
    e.setStream(bytes_of(t.stream.text().data(), t.stream.text().size()));
    e.setUpTo(count_of(t.up_to));
    e.setReason({t.reason.c_str(), t.reason.size()});
    e.setBaseVersion(count_of(t.base.version));
    e.setBasePosition(count_of(t.base.position));
    e.setBaseType(count_of(t.base.type));
    e.setBase(bytes_of(t.base.body.data(), t.base.body.size() * word_bytes));
  });
  c.events.push_back(
      {type_id_of<schemas::StreamTruncated>, static_cast<std::uint32_t>(c.bodies.size())});
  c.parts.push_back({truncations_stream(), expected_version::any(), 1});
  return c;
}

result<truncation> truncation_in(const recorded_event& e) {
  if (e.type != type_id_of<schemas::StreamTruncated> || e.is_truncated()) {
    return not_a_truncation(e.position);
  }
  try {
    body_reader body(e.body);
    const auto said = body.root<schemas::StreamTruncated>();
    const auto name = said.getStream();
    auto stream = stream_id::parse({reinterpret_cast<const char*>(name.begin()), name.size()});
    const auto base = said.getBase();
    if (!stream || base.size() % word_bytes != 0) return not_a_truncation(e.position);
    truncation t;
    t.stream = *stream;
    t.up_to = version{said.getUpTo()};
    t.reason = std::string(said.getReason().cStr(), said.getReason().size());
    t.base = {*std::move(stream), version{said.getBaseVersion()}, position{said.getBasePosition()},
              type_id{said.getBaseType()}, std::vector<word>(base.size() / word_bytes)};
    std::memcpy(t.base.body.data(), base.begin(), base.size());
    t.said_at = e.position;
    t.time = e.time;
    return t;
  } catch (const kj::Exception&) {
    return not_a_truncation(e.position);
  }
}

result<void> mark_truncating(disk& on, const std::string& directory, const truncation_mark& mark) {
  return write_marker(on, directory, "truncating", "said-at", count_of(mark.said_at));
}

std::optional<truncation_mark> truncating(disk& on, const std::string& directory) {
  const auto said_at = read_marker(on, directory, "truncating", "said-at");
  if (!said_at) return std::nullopt;
  return truncation_mark{position{*said_at}};
}

result<void> forget_truncating(disk& on, const std::string& directory) {
  return forget_marker(on, directory, "truncating");
}

result<void> take_bodies(block_store& blocks, std::string_view stream,
                         std::span<const position> positions, position said_at) {
  const version up_to{positions.size()};
  block_store::reader reader(blocks);
  std::vector<block_store::block_ptr> changed;
  std::size_t bytes = 0;
  const auto write = [&]() -> result<void> {
    if (changed.empty()) return {};
    auto wrote = blocks.replace(changed);
    changed.clear();
    bytes = 0;
    return wrote;
  };
  position looked_at{};
  for (const auto p : positions) {
    if (p <= looked_at) continue;
    const auto b = reader.at(p);
    if (!b) return b.error();
    looked_at = (*b)->last();
    auto without = (*b)->without_bodies(stream, up_to, said_at);
    if (!without) return std::move(without).error();
    if (*without == nullptr) continue;
    bytes += (*without)->bytes().size();
    changed.push_back(*std::move(without));
    // The first one by itself: from then on whoever meets a truncated event finds the base.
    const bool is_first = p == positions.front();
    if (!is_first && bytes < bytes_per_write) continue;
    if (auto wrote = write(); !wrote) return wrote;
  }
  return write();
}

}  // namespace fasti::persistence
