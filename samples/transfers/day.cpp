#include "day.hpp"

#include <deque>
#include <random>

#include "transfers.capnp.h"

namespace transfers {
namespace {

constexpr unsigned accounts = 50;
constexpr unsigned payees_of_a_kind = 8;
constexpr std::int64_t cents_max = 50'000;  // of a transfer, and what the other bank takes at most
constexpr std::uint32_t a_month_ms = 30U * 24 * 3600 * 1000;

using sent = std::future<fasti::result<fasti::receipt>>;

/// Commands under way: who sends too many waits for the first of them.
class window {
 public:
  fasti::result<void> add(sent command) {
    constexpr std::size_t commands_max = 512;
    commands_.push_back(std::move(command));
    return commands_.size() < commands_max ? fasti::result<void>() : take_first();
  }
  fasti::result<void> wait_for_all() {
    while (!commands_.empty()) {
      if (auto taken = take_first(); !taken) return taken;
    }
    return {};
  }

 private:
  fasti::result<void> take_first() {
    auto answer = commands_.front().get();
    commands_.pop_front();
    // A no is an answer, too: of a day that is longer than command ids are remembered.
    if (answer || answer.error().code == fasti::errc::rejected) return {};
    return std::move(answer).error();
  }

  std::deque<sent> commands_;
};

class day {
 public:
  day(fasti::runtime& rt, const day_options& options)
      : rt_(rt), options_(options), random_(options.seed), name_(std::to_string(options.seed)) {}

  fasti::result<void> open_accounts() {
    // About what is ordered: some will have too little.
    const auto each = static_cast<std::int64_t>(options_.transfers / accounts + 1) * cents_max / 2;
    for (unsigned i = 0; i < accounts; ++i) {
      auto deposited = rt_.send<Deposit>(
          account(i), [each](auto c) { c.setCents(each); }, once("deposit", i));
      if (auto r = window_.add(std::move(deposited)); !r) return r;
    }
    for (unsigned i = 0; i < payees_of_a_kind; ++i) {
      // Around the moment of the recall.
      const auto late = options_.patience * (80 + 40 * i / (payees_of_a_kind - 1)) / 100;
      for (const auto& r : {admit("prompt", i, 0), admit("late", i, ms(late)),
                            admit("silent", i, a_month_ms), admit("closed", i, 0), close(i)}) {
        if (!r) return r;
      }
    }
    return window_.wait_for_all();
  }

  fasti::result<void> order_transfers() {
    for (std::uint64_t n = 1; n <= options_.transfers; ++n) {
      if (auto r = order(n); !r) return r;
      if (n % 64 == 0) options_.on_progress();
    }
    return window_.wait_for_all();
  }

 private:
  static std::uint32_t ms(std::chrono::milliseconds t) {
    return static_cast<std::uint32_t>(t.count());
  }
  static std::string account(unsigned i) { return "account-" + std::to_string(i); }
  static std::string payee(const char* kind, unsigned i) {
    return std::string(kind) + "-" + std::to_string(i);
  }
  [[nodiscard]] fasti::command_origin once(const std::string& what, std::uint64_t n) const {
    return {.id = fasti::command_id::of(what + " " + name_ + "/" + std::to_string(n))};
  }
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  fasti::result<void> admit(const char* kind, unsigned i, std::uint32_t review_ms) {
    return window_.add(rt_.send<Admit>(
        "gateway-" + payee(kind, i),
        [review_ms](auto c) {
          c.setLimitCents(cents_max);
          c.setReviewMs(review_ms);
        },
        once(std::string("admit ") + kind, i)));
  }
  fasti::result<void> close(unsigned i) {
    return window_.add(rt_.send<Close>(
        "gateway-" + payee("closed", i), [](auto) {}, once("close", i)));
  }

  fasti::result<void> order(std::uint64_t n) {
    std::int64_t cents = 1 + below(cents_max);
    const auto* kind = "prompt";
    const auto which = below(3);
    auto dice = below(100);
    const auto is_among = [&dice](unsigned percent) {
      if (dice < percent) return true;
      dice -= percent;
      return false;
    };
    if (is_among(options_.refused_percent)) {
      if (which == 0) cents += cents_max;
      if (which != 0) kind = which == 1 ? "closed" : "unknown";
    } else if (is_among(options_.silent_percent)) {
      kind = "silent";
    } else if (is_among(options_.late_percent)) {
      kind = "late";
    }
    const auto to = payee(kind, below(payees_of_a_kind));
    const auto from = std::to_string(below(accounts));
    return window_.add(rt_.send<Order>(
        "order-" + name_ + "/" + std::to_string(n),
        [&](auto c) {
          c.setFrom(from);
          c.setTo(to);
          c.setCents(cents);
          c.setPatienceMs(ms(options_.patience));
        },
        once("order", n)));
  }

  fasti::runtime& rt_;
  const day_options& options_;
  std::mt19937_64 random_;
  const std::string name_;
  window window_;
};

}  // namespace

fasti::result<void> run_day(fasti::runtime& rt, const day_options& options) {
  day d(rt, options);
  if (auto opened = d.open_accounts(); !opened) return opened;
  return d.order_transfers();
}

}  // namespace transfers
