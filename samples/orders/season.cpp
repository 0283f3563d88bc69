#include "season.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "payment.hpp"
#include "stock.hpp"

namespace orders {
namespace {

constexpr unsigned articles = 12;
constexpr unsigned customers = 20;
constexpr std::uint32_t on_each_shelf = 50;
constexpr std::int64_t in_each_purse = 35'000;
constexpr std::uint64_t orders_at_a_time = 50;

std::string article(unsigned n) { return "article-" + std::to_string(n); }
std::string customer(unsigned n) { return "customer-" + std::to_string(n); }

/// What becomes of an order is thrown beforehand: a run that is repeated throws the same.
struct plan {
  std::uint64_t n = 0;
  purchase what = {};
  bool is_cancelled_at_once = false;  ///< While its lines are being put aside.
  bool is_cancelled = false;
  bool is_paid = false;  ///< If it is on invoice.
  bool comes_back = false;
  std::uint64_t number = 0;  ///< Once it is placed.
};

class season {
 public:
  season(fasti::runtime& rt, const season_options& options)
      : rt_(rt),
        options_(options),
        shop_(rt),
        random_(options.seed),
        name_(std::to_string(options.seed)) {}

  fasti::result<season_result> run() {
    if (auto filled = fill(); !filled) return std::move(filled).error();
    for (std::uint64_t first = 1; first <= options_.orders; first += orders_at_a_time) {
      const auto end = std::min(first + orders_at_a_time, options_.orders + 1);
      std::vector<plan> wave;
      for (auto n = first; n < end; ++n) wave.push_back(some_plan(n));
      for (const auto phase : {&season::place, &season::pay_and_cancel, &season::ship}) {
        if (auto r = (this->*phase)(wave); !r) return std::move(r).error();
      }
    }
    return std::move(result_);
  }

 private:
  using done = fasti::result<void>;

  done fill() {
    for (unsigned i = 0; i < articles; ++i) {
      auto filled = rt_.send<Receive>(
          "stock-" + article(i), [](auto c) { c.setCount(on_each_shelf); }, once("fill", i));
      if (auto r = filled.get(); !r) return std::move(r).error();
    }
    for (unsigned i = 0; i < customers; ++i) {
      auto filled = rt_.send<TopUp>(
          "payment-" + customer(i), [](auto c) { c.setCents(in_each_purse); }, once("top up", i));
      if (auto r = filled.get(); !r) return std::move(r).error();
    }
    return {};
  }

  plan some_plan(std::uint64_t n) {
    plan p{.n = n};
    std::set<unsigned> chosen;
    for (auto left = 1 + below(3); left > 0; --left) chosen.insert(below(articles));
    for (const auto a : chosen) {
      p.what.lines.push_back({article(a), 1 + below(3), static_cast<std::int64_t>(500 + 100 * a)});
    }
    p.what.customer = customer(below(customers));
    p.what.terms = below(10) < 6 ? Terms::AT_ONCE : Terms::ON_INVOICE;
    p.what.patience = options_.patience;
    p.is_cancelled_at_once = below(10) < 1;
    p.is_cancelled = below(10) < 1;
    p.is_paid = below(10) < 8;
    p.comes_back = below(10) < 2;
    return p;
  }

  done place(std::vector<plan>& wave) {
    for (auto& p : wave) {
      ++result_.steps;
      const auto number = shop_.place(name_ + "/" + std::to_string(p.n), p.what);
      if (!number) return number.error();
      p.number = *number;
      if (p.is_cancelled_at_once) {
        if (auto r = step(shop_.cancel(p.number, "clicked too fast")); !r) return r;
      }
      options_.on_progress(p.n);
    }
    return {};
  }

  done pay_and_cancel(std::vector<plan>& wave) {
    for (const auto& p : wave) {
      const auto stage = stage_when_taken(p);
      if (!stage) return stage.error();
      if (*stage != Stage::CONFIRMED && *stage != Stage::PAID) continue;
      if (p.is_cancelled) {
        if (auto r = step(shop_.cancel(p.number, "changed my mind")); !r) return r;
      } else if (*stage == Stage::CONFIRMED && p.is_paid) {
        if (auto r = step(shop_.pay(p.number)); !r) return r;
      }
    }
    return {};
  }

  done ship(std::vector<plan>& wave) {
    for (const auto& p : wave) {
      auto now = shop_.find(p.number);
      if (!now) return now.error();
      if ((*now)->getStage() == Stage::PAID) {
        if (auto r = step(shop_.ship(p.number)); !r) return r;
        now = shop_.find(p.number);
        if (!now) return now.error();
      }
      if ((*now)->getStage() == Stage::SHIPPED && p.comes_back) {
        if (auto r = step(shop_.take_back(p.number, "too small")); !r) return r;
      }
    }
    return {};
  }

  /// Its stage when the shop has done its part, or has given it up.
  fasti::result<Stage> stage_when_taken(const plan& p) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto now = shop_.find(p.number);
      if (!now) return now.error();
      const auto stage = (*now)->getStage();
      const bool is_taken = stage != Stage::PLACED &&
                            (stage != Stage::CONFIRMED || p.what.terms == Terms::ON_INVOICE);
      if (is_taken) return stage;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return fasti::error{fasti::errc::unavailable, "nobody-carries-it",
                        "order " + std::to_string(p.number) + " does not move"};
  }

  done step(const done& d) {
    ++result_.steps;
    return d ? d : note(d.error());
  }
  /// Only a domain's no is business; anything else ends the season.
  done note(const fasti::error& no) {
    if (no.code != fasti::errc::rejected) return no;
    ++result_.rejected[no.reason];
    return {};
  }

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }
  [[nodiscard]] fasti::command_origin once(const std::string& what, unsigned n) const {
    return {.id = fasti::command_id::of(what + " " + name_ + "/" + std::to_string(n))};
  }

  fasti::runtime& rt_;
  const season_options& options_;
  shop shop_;
  std::mt19937_64 random_;
  const std::string name_;
  season_result result_;
};

}  // namespace

fasti::result<season_result> run_season(fasti::runtime& rt, const season_options& options) {
  return season(rt, options).run();
}

}  // namespace orders
