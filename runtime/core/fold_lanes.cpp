#include "runtime/core/fold_lanes.hpp"

#include <atomic>
#include <stdexcept>

#include "runtime/core/check.hpp"
#include "runtime/core/guard.hpp"

namespace fasti::core {
namespace {

/// What of a key says whose it is: rows "4711", "4711/open" and an event's key "4711" belong
/// together.
std::string_view owner_in(std::string_view key) { return key.substr(0, key.find('/')); }

/// A lane's rows as an event of it may see them.
class rows_of_owner final : public detail::row_set {
 public:
  rows_of_owner(detail::row_set& all, std::string_view order_key)
      : all_(all), order_key_(order_key) {}

  message* find(std::string_view key) override { return all_.find(checked(key)); }
  message& make(std::string_view key) override { return all_.make(checked(key)); }
  void erase(std::string_view key) override { all_.erase(checked(key)); }
  std::optional<std::vector<word>> read(std::string_view key) const override {
    return all_.read(checked(key));
  }
  // `rows` has neither: they would show what other lanes are about to change.
  void scan(const key_range&, const scan_visitor&) const override { FASTI_CHECK(false); }
  void scan_by(std::string_view, const key_range&, const scan_visitor&) const override {
    FASTI_CHECK(false);
  }

 private:
  std::string_view checked(std::string_view key) const {
    if (owner_in(key) == owner_in(order_key_)) return key;
    throw std::invalid_argument(
        "row \"" + std::string(key) + "\" does not belong to the event's key \"" +
        std::string(order_key_) + "\": with several lanes both are the same up to the first '/'");
  }

  detail::row_set& all_;
  const std::string_view order_key_;
};

}  // namespace

std::string order_key_of(const detail::projection_port& port, const recorded_event& e) {
  std::string key(e.stream);
  if (port.order_key && !e.is_truncated()) {
    static_cast<void>(thrown_by([&] { key = port.order_key(e); }));
  }
  return key;
}

struct fold_lanes::lane {
  lane(const projection_surroundings& in, const std::string& view, std::size_t kept_bytes_max)
      : rows(in.port, in.views, view, kept_bytes_max), state(in.port.make()) {}

  void apply(const recorded_event& e, std::string_view order_key) {
    rows_of_owner own(rows, order_key);
    state->apply(e, own);
  }

  row_overlay rows;
  std::unique_ptr<detail::projection_state> state;
};

fold_lanes::fold_lanes(const projection_surroundings& in, const std::string& view, unsigned lanes)
    : port_(in.port), run_each_(in.run_each) {
  FASTI_CHECK(lanes >= 1 && (lanes == 1 || in.port.order_key));
  for (unsigned i = 0; i < lanes; ++i) {
    lanes_.push_back(std::make_unique<lane>(in, view, in.options.view_bytes_kept_max / lanes));
  }
}
fold_lanes::~fold_lanes() = default;

std::size_t fold_lanes::number_for(std::string_view key) const {
  return are_many() ? std::hash<std::string_view>{}(owner_in(key)) % lanes_.size() : 0;
}

void fold_lanes::run_each(const std::function<void(std::size_t)>& one) const {
  if (run_each_ && are_many()) return run_each_(lanes_.size(), one);
  for (std::size_t i = 0; i < lanes_.size(); ++i) one(i);
}

void fold_lanes::apply(const recorded_event& e) {
  if (!are_many()) return lanes_.front()->state->apply(e, lanes_.front()->rows);
  const auto key = order_key_of(port_, e);
  lanes_[number_for(key)]->apply(e, key);
}

bool fold_lanes::apply_all(const std::vector<recorded_event>& events) {
  struct keyed_event {
    const recorded_event* event;
    std::string order_key;
  };
  std::vector<std::vector<keyed_event>> of(lanes_.size());
  for (const auto& e : events) {
    auto key = order_key_of(port_, e);
    auto& own = of[number_for(key)];
    own.push_back({&e, std::move(key)});
  }
  std::atomic<bool> all_went{true};
  run_each([&](std::size_t i) {
    const auto thrown = thrown_by([&] {
      for (const auto& [event, order_key] : of[i]) lanes_[i]->apply(*event, order_key);
    });
    if (thrown) all_went = false;
  });
  return all_went;
}

std::vector<view_batch::change> fold_lanes::take_changes() {
  if (!are_many()) return lanes_.front()->rows.take_changes();
  std::vector<std::vector<view_batch::change>> of(lanes_.size());
  std::vector<std::exception_ptr> thrown(lanes_.size());
  run_each([&](std::size_t i) {
    try {
      of[i] = lanes_[i]->rows.take_changes();
    } catch (...) {
      thrown[i] = std::current_exception();
    }
  });
  for (const auto& one : thrown) {
    if (one) std::rethrow_exception(one);
  }
  std::vector<view_batch::change> all;
  for (auto& own : of) {
    all.insert(all.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  }
  return all;
}

void fold_lanes::discard() {
  for (auto& one : lanes_) {
    one->rows.discard();
    one->state = port_.make();
  }
}

std::optional<std::vector<word>> fold_lanes::read(std::string_view key) const {
  return lanes_[number_for(key)]->rows.read(key);
}

// Between batches nothing lies over the store, in no lane: any of them shows all of it.

void fold_lanes::scan(const key_range& range, const scan_visitor& visitor) const {
  lanes_.front()->rows.scan(range, visitor);
}

void fold_lanes::scan_by(std::string_view index, const key_range& range,
                         const scan_visitor& visitor) const {
  lanes_.front()->rows.scan_by(index, range, visitor);
}

}  // namespace fasti::core
