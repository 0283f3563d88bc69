#include "runtime/core/projection_machine.hpp"

#include <algorithm>

#include "runtime/core/check.hpp"
#include "runtime/core/guard.hpp"

namespace fasti::core {
namespace {

/// A view without it would not be what it says.
std::optional<std::string> truncated_text(const recorded_event& e) {
  return "the event was truncated; position " + std::to_string(count_of(e.truncated_by)) +
         " says why";
}

}  // namespace

projection_machine::projection_machine(const detail::projection_port& port, const view_store& store,
                                       std::size_t queries_waiting_max,
                                       std::size_t row_bytes_kept_max)
    : port_(port),
      queries_waiting_max_(queries_waiting_max),
      state_(port.make()),
      rows_(store, port.name, row_bytes_kept_max) {
  for (const auto& e : port.events) types_.push_back(e.type);
}

void projection_machine::start_at(position checkpoint) {
  rows_.discard();
  state_ = port_.make();
  checkpoint_ = checkpoint;
  newest_applied_ = checkpoint;
  read_limit_ = no_limit;
  stopped_.reset();
}

bool projection_machine::apply(const recorded_event& e) {
  FASTI_CHECK(e.position > newest_applied_);
  if (stopped_) return false;
  const auto thrown =
      e.is_truncated() ? truncated_text(e) : thrown_by([&] { state_->apply(e, rows_); });
  if (thrown) {
    // It may have left rows half changed, which are not told apart from the batch's: all go.
    rows_.discard();
    state_ = port_.make();
    if (newest_applied_ == checkpoint_) {
      stop({errc::corrupt, "projection-stopped",
            "view " + port_.name + " at position " + std::to_string(count_of(e.position)) + " (" +
                std::string(e.stream) + " version " + std::to_string(count_of(e.version)) +
                "): " + *thrown});
    }
    newest_applied_ = checkpoint_;
    read_limit_ = position{count_of(e.position) - 1};
    return false;
  }
  newest_applied_ = e.position;
  return true;
}

std::optional<view_batch> projection_machine::take_batch(position looked_at) {
  if (stopped_ || looked_at <= checkpoint_) return std::nullopt;
  view_batch batch;
  batch.checkpoint = looked_at;
  if (auto thrown = thrown_by([&] { batch.changes = rows_.take_changes(); })) {
    stop({errc::corrupt, "projection-stopped", "view " + port_.name + ": " + *thrown});
    return std::nullopt;
  }
  return batch;
}

void projection_machine::on_written(result<void> written, position checkpoint) {
  if (!written) return stop(std::move(written).error());
  checkpoint_ = checkpoint;
  newest_applied_ = checkpoint;
  if (checkpoint_ >= read_limit_) read_limit_ = no_limit;
}

void projection_machine::stop(error why) {
  rows_.discard();
  stopped_ = std::move(why);
}

void projection_machine::on_query(view_query&& query) {
  if (query.visible_at <= checkpoint_) return answer(query);
  if (stopped_) return query.reply->answer(*stopped_);
  if (waiting_.size() >= queries_waiting_max_) {
    return query.reply->answer(error{
        errc::unavailable, "queue-full",
        "view " + port_.name + " has " + std::to_string(waiting_.size()) + " queries waiting"});
  }
  waiting_.push_back(std::move(query));
}

void projection_machine::answer(view_query& query) {
  decision made = accept();
  std::vector<word> words;
  const auto thrown = thrown_by([&] {
    made = state_->answer(query.type, query.body, rows_, scratch_.begin());
    scratch_.finish(words);
  });
  if (thrown) {
    return query.reply->answer(
        error{errc::invalid, "answer-failed", "view " + port_.name + ": " + *thrown});
  }
  if (!made.is_accepted()) {
    return query.reply->answer(error{errc::rejected, made.reason(), made.detail()});
  }
  query.reply->answer(std::move(words));
}

void projection_machine::answer_waiting(clock::time_point now) {
  for (auto& query : std::exchange(waiting_, {})) {
    if (query.visible_at <= checkpoint_) {
      answer(query);
    } else if (stopped_) {
      query.reply->answer(*stopped_);
    } else if (now >= query.deadline) {
      query.reply->answer(error{errc::unavailable, "not-visible-in-time",
                                "view " + port_.name + " shows position " +
                                    std::to_string(count_of(checkpoint_)) + ", asked for " +
                                    std::to_string(count_of(query.visible_at))});
    } else {
      waiting_.push_back(std::move(query));
    }
  }
}

void projection_machine::drop_queries(const error& why) {
  for (auto& query : std::exchange(waiting_, {})) query.reply->answer(why);
}

}  // namespace fasti::core
