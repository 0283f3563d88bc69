#include "workload.hpp"

#include <random>

#include "fasti/schema.hpp"
#include "ledger.capnp.h"

namespace fasti::bench {
namespace {

constexpr std::size_t samples = 4096;  // apart by more than any engine's compression looks back
constexpr std::size_t stride = 7919;   // a prime: neighbours in the journal are not neighbours here
constexpr std::size_t note_bytes = 112;

/// Half of a note and of a header is noise: compression halves it, as it does real text.
std::string half_noise(std::size_t bytes, std::mt19937_64& random) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text(bytes, 'n');
  for (std::size_t i = 0; i < bytes / 2; ++i) text[i] = letters[random() % letters.size()];
  return text;
}

std::vector<event_bytes_sample> make_samples() {
  std::mt19937_64 random(4711);
  std::vector<event_bytes_sample> made(samples);
  for (auto& s : made) {
    s.body = build<test::Withdrawn>([&](auto e) {
      e.setCents(static_cast<std::int64_t>(random() % 1'000'000));
      e.setNote(half_noise(note_bytes, random));
    });
    s.record = half_noise(record_header_bytes, random);
    s.record.append(reinterpret_cast<const char*>(s.body.data()), s.body.size() * word_bytes);
  }
  return made;
}

const event_bytes_sample& sample_at(std::uint64_t number) {
  static const auto all = make_samples();
  return all[number % samples];
}

std::vector<stream_id> usual_streams() {
  std::vector<stream_id> streams;
  for (std::size_t i = 0; i < workload::streams_usual; ++i) {
    streams.push_back(stream_id::of("ledger", std::to_string(i)));
  }
  return streams;
}

}  // namespace

std::size_t body_bytes() { return sample_at(0).body.size() * word_bytes; }
std::size_t record_bytes() { return sample_at(0).record.size(); }
std::size_t logical_bytes() { return body_bytes() + logical_header_bytes; }

workload::workload() : workload(usual_streams(), {}) {}

workload::workload(std::vector<stream_id> streams, std::vector<std::uint32_t> schedule)
    : streams_(std::move(streams)), schedule_(std::move(schedule)), versions_(streams_.size()) {}

std::size_t workload::stream_at(std::uint64_t number) const {
  return schedule_.empty() ? number * stride % streams_.size() : schedule_.at(number);
}

std::span<const new_event> workload::take(std::size_t n) {
  batch_.clear();
  for (std::size_t i = 0; i < n; ++i, ++taken_) {
    const auto at = stream_at(taken_);
    batch_.push_back({taken_ + 1, ++versions_[at], &streams_[at], &sample_at(taken_)});
  }
  return batch_;
}

}  // namespace fasti::bench
