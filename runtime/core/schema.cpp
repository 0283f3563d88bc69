#include "fasti/schema.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "fasti/decider.hpp"
#include "fasti/detail/port.hpp"
#include "runtime/core/check.hpp"

namespace fasti {
namespace {

/// Enough for most events and commands; a larger message takes heap segments and is joined at the
/// end.
constexpr std::size_t first_segment_words = 128;
/// So many events' memory, a KiB each, is kept for the next command.
constexpr std::size_t slots_kept = 4096;

void append(std::vector<word>& out, kj::ArrayPtr<const ::capnp::word> words) {
  const auto* const from = reinterpret_cast<const word*>(words.begin());
  out.insert(out.end(), from, from + words.size());
}

kj::ArrayPtr<::capnp::word> segment_of(std::vector<word>& memory) {
  return {reinterpret_cast<::capnp::word*>(memory.data()), memory.size()};
}

/// Cap'n Proto's builder over memory that is ours and zeroed again after each use, which is cheaper
/// than an allocation a message.
class segment_builder final : public ::capnp::MessageBuilder {
 public:
  explicit segment_builder(kj::ArrayPtr<::capnp::word> first) : first_(first) {}

  kj::ArrayPtr<::capnp::word> allocateSegment(unsigned int minimum_words) override {
    if (!first_taken_ && minimum_words <= first_.size()) {
      first_taken_ = true;
      return first_;
    }
    const std::size_t words = std::max<std::size_t>(minimum_words, next_words_);
    next_words_ = words * 2;
    more_.push_back(std::make_unique<std::vector<word>>(words));
    return segment_of(*more_.back());
  }

 private:
  kj::ArrayPtr<::capnp::word> first_;
  bool first_taken_ = false;
  std::size_t next_words_ = first_segment_words * 2;
  std::vector<std::unique_ptr<std::vector<word>>> more_;
};

}  // namespace

class message_scratch::builder {
 public:
  ::capnp::MessageBuilder& begin() {
    end();
    return message_.emplace(segment_of(memory_));
  }

  std::uint32_t finish(std::vector<word>& out) {
    FASTI_CHECK(message_.has_value());
    const std::size_t before = out.size();
    const auto segments = message_->getSegmentsForOutput();
    if (segments.size() == 1) {
      append(out, segments[0]);
    } else if (segments.size() > 1) {
      join(out);
    } else {
      out.push_back(word{0});  // nothing was built: the null message, one word
    }
    end(segments);
    return static_cast<std::uint32_t>(out.size() - before);
  }

 private:
  /// Copies a message of many segments into one that is large enough for it.
  void join(std::vector<word>& out) {
    const auto root = message_->getRoot<::capnp::AnyPointer>().asReader();
    const std::size_t words = root.targetSize().wordCount + 1;
    std::vector<word> memory(words);
    segment_builder single(segment_of(memory));
    single.setRoot(root);
    const auto segments = single.getSegmentsForOutput();
    FASTI_CHECK(segments.size() == 1);
    append(out, segments[0]);
  }

  void end() {
    if (message_) end(message_->getSegmentsForOutput());
  }
  using segments_of_message = kj::ArrayPtr<const kj::ArrayPtr<const ::capnp::word>>;
  void end(segments_of_message segments) {
    // Cap'n Proto expects zeroed memory: what was used is cleaned, not all of it.
    const std::size_t used = segments.size() == 0   ? 0
                             : segments.size() == 1 ? segments[0].size()
                                                    : memory_.size();
    message_.reset();
    std::fill_n(memory_.data(), std::min(used, memory_.size()), word{0});
  }

  std::vector<word> memory_ = std::vector<word>(first_segment_words);
  std::optional<segment_builder> message_;
};

message_scratch::message_scratch() : builder_(std::make_unique<builder>()) {}
message_scratch::~message_scratch() = default;
message_scratch::message_scratch(message_scratch&&) noexcept = default;
message_scratch& message_scratch::operator=(message_scratch&&) noexcept = default;

::capnp::MessageBuilder& message_scratch::begin() { return builder_->begin(); }
std::uint32_t message_scratch::finish(std::vector<word>& out) { return builder_->finish(out); }

::capnp::MessageBuilder& emit::add(type_id type) {
  if (used_ >= events_max) throw std::length_error("it emits events without an end");
  if (used_ == slots_.size()) slots_.emplace_back();
  slot& s = slots_[used_++];
  s.type = type;
  s.tags.clear();
  return s.scratch.begin();
}

void emit::tag(std::string_view name) {
  if (used_ == 0) throw std::logic_error("a tag without an event");
  slots_[used_ - 1].tags.append(name).push_back('\0');
}

::capnp::MessageBuilder& emit::begin_reply(type_id type) {
  reply_.type = type;
  replies_ = true;
  return reply_.scratch.begin();
}

void emit::finish(commit& into) {
  into.events.reserve(into.events.size() + used_);
  for (std::size_t i = 0; i < used_; ++i) {
    auto& s = slots_[i];
    into.events.push_back(
        {s.type, s.scratch.finish(into.bodies), static_cast<std::uint32_t>(s.tags.size())});
    into.tags += s.tags;
  }
  used_ = 0;
  if (slots_.size() > slots_kept) slots_.resize(slots_kept);
  into.reply = {};
  if (!std::exchange(replies_, false)) return;
  into.reply.type = reply_.type;
  reply_.scratch.finish(into.reply.body);
}

namespace detail {
namespace {

struct scratch_of_thread {
  message_scratch scratch;
  bool is_lent = false;
};

scratch_of_thread& own_scratch() {
  static thread_local scratch_of_thread own;
  return own;
}

}  // namespace

borrowed_scratch::borrowed_scratch() {
  auto& own = own_scratch();
  lent_ = own.is_lent ? &new_.emplace() : &own.scratch;
  own.is_lent = true;
}

borrowed_scratch::~borrowed_scratch() {
  if (!new_) own_scratch().is_lent = false;
}

unknown_type::unknown_type(type_id t)
    : type(t), text("no such type here: @0x" + unique_id{0, count_of(t)}.to_string().substr(16)) {}

}  // namespace detail
}  // namespace fasti
