#include "runtime/core/projection_machine.hpp"

#include <algorithm>

#include "runtime/core/check.hpp"
#include "runtime/core/guard.hpp"

namespace fasti::core {

projection_machine::projection_machine(const projection_surroundings& in, projection_options how)
    : in_(in), how_(how), answering_(in.port.make()), serving_(fold_of(0)) {}

std::unique_ptr<view_fold> projection_machine::fold_of(std::uint64_t generation) const {
  return std::make_unique<view_fold>(in_, name_in_store(in_.port.name, generation), how_);
}

result<void> projection_machine::open() {
  auto stored = load_generations(in_.views, in_.port.name);
  if (!stored) return std::move(stored).error();
  generations_ = *stored;
  if (auto cleared = clear_others(in_.views, in_.port.name, generations_); !cleared) return cleared;
  serving_ = fold_of(generations_.serving);
  if (auto opened = serving_->open(); !opened) return opened;
  if (!generations_.building) return {};
  building_ = fold_of(generations_.building->generation);
  rebuild_generation_ = generations_.building->generation;
  if (auto opened = building_->open(); !opened) {
    in_.options.log(log_level::error, "a rebuild is given up: " + opened.error().to_string());
    return cancel_rebuild(rebuild_generation_);
  }
  return {};
}

// -- folding --------------------------------------------------------------------------------------

/// As far as the view that serves; if that is stopped, as far as there was anything when the step
/// began: a journal that grows meanwhile is not run after.
position projection_machine::rebuild_goal(position head) const noexcept {
  return serving_->stopped() ? std::max(head, checkpoint()) : checkpoint();
}

bool projection_machine::has_caught_up() const noexcept {
  return building_ && building_->checkpoint() >= rebuild_goal(head_);
}

bool projection_machine::wants_step(position head, clock::time_point now) const noexcept {
  return serving_->wants_step(head, now) ||
         (building_ && building_->wants_step(rebuild_goal(head), now));
}

bool projection_machine::waits_for_retry() const noexcept {
  const auto waits = [](const view_fold& f) { return f.failing() && !f.stopped(); };
  return waits(*serving_) || (building_ && waits(*building_)) || will_switch_over();
}

void projection_machine::step(position head, clock::time_point now) {
  head_ = std::max(head_, head);
  serving_->step(head_, now);
  if (!building_) return;
  building_->step(rebuild_goal(head_), now);
  if (!will_switch_over()) return;
  // If the store says no, the old one serves, and it is tried again.
  if (auto done = switch_over(rebuild_generation_); !done) {
    in_.options.log(log_level::error, done.error().to_string());
  }
}

bool projection_machine::will_switch_over() const noexcept {
  return has_caught_up() && !building_->stopped() &&
         generations_.building->then == when_caught_up::switch_over;
}

// -- queries --------------------------------------------------------------------------------------

/// It will not show more than it does.
bool projection_machine::is_at_its_end() const noexcept {
  return stopped() && (!building_ || building_->stopped());
}

void projection_machine::on_query(view_query&& query) {
  if (query.visible_at <= checkpoint()) return answer(query);
  if (is_at_its_end()) return query.reply->answer(*stopped());
  if (waiting_.size() >= in_.options.queries_waiting_max) {
    return query.reply->answer(error{
        errc::unavailable, "queue-full",
        "view " + in_.port.name + " has " + std::to_string(waiting_.size()) + " queries waiting"});
  }
  waiting_.push_back(std::move(query));
}

void projection_machine::answer(view_query& query) {
  if (query.type == type_id{}) return query.reply->answer(detail::view_words{{}, checkpoint()});
  decision made = accept();
  std::vector<word> words;
  const auto thrown = thrown_by([&] {
    made = answering_->answer(query.type, query.body, serving_->rows(), scratch_.begin());
    scratch_.finish(words);
  });
  if (thrown) {
    return query.reply->answer(
        error{errc::invalid, "answer-failed", "view " + in_.port.name + ": " + *thrown});
  }
  if (!made.is_accepted()) {
    return query.reply->answer(error{errc::rejected, made.reason(), made.detail()});
  }
  query.reply->answer(detail::view_words{std::move(words), checkpoint()});
}

void projection_machine::answer_waiting(clock::time_point now) {
  for (auto& query : std::exchange(waiting_, {})) {
    if (query.visible_at <= checkpoint()) {
      answer(query);
    } else if (is_at_its_end()) {
      query.reply->answer(*stopped());
    } else if (now >= query.deadline) {
      query.reply->answer(error{errc::unavailable, "not-visible-in-time",
                                "view " + in_.port.name + " shows position " +
                                    std::to_string(count_of(checkpoint())) + ", asked for " +
                                    std::to_string(count_of(query.visible_at))});
    } else {
      waiting_.push_back(std::move(query));
    }
  }
}

void projection_machine::drop_queries(const error& why) {
  for (auto& query : std::exchange(waiting_, {})) query.reply->answer(why);
}

// -- rebuild --------------------------------------------------------------------------------------

std::optional<rebuild_status> projection_machine::rebuild() const {
  if (!building_) return ended_rebuild_;
  rebuild_status s;
  s.behind = generations_.building->behind;
  s.at = building_->checkpoint();
  s.goal = rebuild_goal(head_);
  s.parked = building_->parked().size();
  s.failure = building_->stopped();
  if (s.failure) {
    s.phase = rebuild_phase::failed;
  } else if (has_caught_up() && generations_.building->then == when_caught_up::wait) {
    s.phase = rebuild_phase::caught_up;
  }
  return s;
}

result<void> projection_machine::start_rebuild(position behind, when_caught_up then) {
  if (building_) {
    if (!building_->stopped()) {
      return error{errc::conflict, "rebuild-under-way",
                   "view " + in_.port.name + " is being rebuilt already; wait for it or cancel it"};
    }
    if (auto ended = cancel_rebuild(rebuild_generation_); !ended) return ended;
  }
  auto g = generations_;
  g.building = view_build{std::max(g.next(), rebuild_generation_ + 1), behind, then};
  auto fold = fold_of(g.building->generation);
  if (auto begun = fold->begin_behind(behind); !begun) return begun;
  if (auto saved = save_generations(in_.views, in_.port.name, g); !saved) return saved;
  generations_ = g;
  building_ = std::move(fold);
  rebuild_generation_ = g.building->generation;
  return {};
}

result<void> projection_machine::check_rebuild(std::uint64_t generation) const {
  if (building_ && generation == rebuild_generation_) return {};
  return error{errc::conflict, "rebuild-over",
               "this rebuild of view " + in_.port.name + " has ended"};
}

/// … and at the same position, as far as both can be.
result<void> projection_machine::check_caught_up(std::uint64_t generation) {
  if (auto good = check_rebuild(generation); !good) return good;
  if (!building_->stopped() && has_caught_up()) return {};
  return error{errc::conflict, "not-caught-up",
               "the rebuild of view " + in_.port.name + " is at position " +
                   std::to_string(count_of(building_->checkpoint())) + " of " +
                   std::to_string(count_of(rebuild_goal(head_)))};
}

result<void> projection_machine::switch_over(std::uint64_t generation) {
  if (auto good = check_caught_up(generation); !good) return good;
  const view_generations after{rebuild_generation_, std::nullopt};
  if (auto saved = save_generations(in_.views, in_.port.name, after); !saved) return saved;
  std::swap(serving_, building_);
  end_rebuild(rebuild_phase::switched_over);
  generations_ = after;
  forget_others();
  return {};
}

result<void> projection_machine::cancel_rebuild(std::uint64_t generation) {
  if (auto good = check_rebuild(generation); !good) return good;
  const view_generations after{generations_.serving, std::nullopt};
  if (auto saved = save_generations(in_.views, in_.port.name, after); !saved) return saved;
  end_rebuild(rebuild_phase::cancelled);
  generations_ = after;
  forget_others();
  return {};
}

/// What is left of them takes space until the view is opened again.
void projection_machine::forget_others() {
  static_cast<void>(clear_others(in_.views, in_.port.name, generations_));
}

void projection_machine::end_rebuild(rebuild_phase as) {
  const auto behind = generations_.building->behind;
  const auto& rebuilt = as == rebuild_phase::switched_over ? *serving_ : *building_;
  ended_rebuild_ = rebuild_status{as,
                                  behind,
                                  rebuilt.checkpoint(),
                                  rebuilt.checkpoint(),
                                  rebuilt.parked().size(),
                                  rebuilt.stopped()};
  building_.reset();
}

result<view_pair> projection_machine::snapshot_of_both(std::uint64_t generation) {
  if (auto good = check_caught_up(generation); !good) return std::move(good).error();
  if (building_->checkpoint() != checkpoint()) {
    return error{errc::conflict, "not-caught-up",
                 "view " + in_.port.name + " is stopped at position " +
                     std::to_string(count_of(checkpoint())) +
                     ", and its rebuild is behind that: there is nothing to compare"};
  }
  return view_pair{in_.views.snapshot(), serving_->name(), building_->name(), checkpoint()};
}

}  // namespace fasti::core
