// Drawing histories, one after another, and making the one that breaks something small. The search
// is rapidcheck's: its random numbers, its tree of shrinks, its way down to a local minimum.

#include <rapidcheck.h>
#include <rapidcheck/detail/Configuration.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "runtime/testing/lived.hpp"

namespace fasti::testing {
namespace detail {
namespace {

/// So many smaller histories are tried; what is smallest by then is shown.
constexpr std::size_t shrinks_tried_max = 100'000;
/// Numbers of one history that are looked at in pairs; there are as many pairs as their square.
constexpr std::size_t paired_numbers_max = 40;

// -- simpler histories ---------------------------------------------------------------------------

rc::Seq<draw> simpler(const draw& d);

draw with_magnitude(draw d, std::uint64_t magnitude) {
  d.magnitude = magnitude;
  return d;
}
draw with_symbols(draw d, std::u32string symbols) {
  d.symbols = std::move(symbols);
  return d;
}
draw with_parts(draw d, std::vector<draw> parts) {
  d.parts = std::move(parts);
  return d;
}

rc::Seq<draw> simpler_number(const draw& d) {
  auto smaller = rc::seq::map(rc::shrink::towards<std::uint64_t>(d.magnitude, 0),
                              [d](std::uint64_t m) { return with_magnitude(d, m); });
  if (!d.is_negative) return smaller;
  auto positive = d;
  positive.is_negative = false;
  return rc::seq::concat(rc::seq::just(positive), std::move(smaller));
}

rc::Seq<draw> simpler_symbols(const draw& d) {
  const std::uint32_t simplest = d.what == draw::kind::text ? U'a' : 0;
  const auto simpler_symbol = [simplest](char32_t c) {
    return rc::seq::cast<char32_t>(rc::shrink::towards<std::uint32_t>(c, simplest));
  };
  return rc::seq::map(rc::seq::concat(rc::shrink::removeChunks(d.symbols),
                                      rc::shrink::eachElement(d.symbols, simpler_symbol)),
                      [d](std::u32string s) { return with_symbols(d, std::move(s)); });
}

rc::Seq<draw> simpler(const draw& d) {
  const auto of_parts = [d](std::vector<draw> parts) { return with_parts(d, std::move(parts)); };
  switch (d.what) {
    case draw::kind::number:
      return simpler_number(d);
    case draw::kind::text:
    case draw::kind::data:
      return simpler_symbols(d);
    case draw::kind::list:
      return rc::seq::map(rc::seq::concat(rc::shrink::removeChunks(d.parts),
                                          rc::shrink::eachElement(d.parts, &simpler)),
                          of_parts);
    case draw::kind::fields:
      if (d.parts.empty()) return {};
      return rc::seq::map(rc::seq::concat(rc::seq::just(std::vector<draw>()),
                                          rc::shrink::eachElement(d.parts, &simpler)),
                          of_parts);
  }
  return {};
}

rc::Seq<step> simpler_step(const step& s) {
  auto sooner =
      rc::seq::map(rc::shrink::towards<std::uint64_t>(s.pause_s, 0), [s](std::uint64_t pause_s) {
        auto other = s;
        other.pause_s = pause_s;
        return other;
      });
  auto filled = rc::seq::map(rc::shrink::eachElement(s.drawn, &simpler), [s](std::vector<draw> d) {
    auto other = s;
    other.drawn = std::move(d);
    return other;
  });
  return rc::seq::concat(std::move(sooner), std::move(filled));
}

/// Calls `visit(draw&)` for all that has no parts, in the order in which it was drawn.
template <class Draws, class Visit>
void each_leaf(Draws& draws, Visit&& visit) {
  for (auto& d : draws) {
    if (d.what == draw::kind::list || d.what == draw::kind::fields) {
      each_leaf(d.parts, visit);
    } else {
      visit(d);
    }
  }
}

/// Two ids that must be the same get smaller together or not at all, and so do all that are alike.
rc::Seq<history_steps> alike_together(const history_steps& h) {
  std::vector<draw> once;
  std::vector<draw> often;
  for (const auto& s : h) {
    each_leaf(s.drawn, [&](const draw& d) {
      if (d.magnitude == 0 && d.symbols.empty()) return;
      const auto has = [&d](const auto& in) {
        return std::find(in.begin(), in.end(), d) != in.end();
      };
      if (!has(once)) return once.push_back(d);
      if (!has(often)) often.push_back(d);
    });
  }
  return rc::seq::mapcat(rc::seq::fromContainer(std::move(often)), [h](const draw& from) {
    return rc::seq::map(simpler(from), [h, from](const draw& to) {
      auto other = h;
      for (auto& s : other) {
        each_leaf(s.drawn, [&](draw& d) {
          if (d == from) d = to;
        });
      }
      return other;
    });
  });
}

/// Where the numbers of a history are.
struct number_place {
  std::size_t step;
  std::size_t leaf;  // in the order of the history
  std::uint64_t magnitude;
};
using number_pair = std::pair<number_place, number_place>;

/// None when there are too many.
std::vector<number_pair> pairs_of(const history_steps& h) {
  std::vector<number_place> numbers;
  std::size_t leaf = 0;
  for (std::size_t i = 0; i < h.size(); ++i) {
    each_leaf(h[i].drawn, [&](const draw& d) {
      if (d.magnitude > 0) numbers.push_back({i, leaf, d.magnitude});
      ++leaf;
    });
  }
  std::vector<number_pair> pairs;
  if (numbers.size() > paired_numbers_max) return pairs;
  for (std::size_t b = 0; b < numbers.size(); ++b) {
    for (std::size_t a = 0; a < b; ++a) pairs.emplace_back(numbers[a], numbers[b]);
  }
  return pairs;
}

template <class Change>
history_steps with_leaves(history_steps h, Change&& change) {
  std::size_t at = 0;
  for (auto& s : h) each_leaf(s.drawn, [&](draw& d) { change(at++, d); });
  return h;
}

/// Numbers that lean on one another, as what comes in and what goes out, go down side by side.
rc::Seq<history_steps> pairs_together(const history_steps& h) {
  return rc::seq::mapcat(rc::seq::fromContainer(pairs_of(h)), [h](const number_pair& both) {
    const auto least = std::min(both.first.magnitude, both.second.magnitude);
    return rc::seq::map(rc::shrink::towards<std::uint64_t>(least, 0),
                        [h, both, least](std::uint64_t m) {
                          return with_leaves(h, [&](std::size_t at, draw& d) {
                            if (at == both.first.leaf || at == both.second.leaf)
                              d.magnitude -= least - m;
                          });
                        });
  });
}

/// What two commands do together one does alone.
rc::Seq<history_steps> merged(const history_steps& h) {
  return rc::seq::mapMaybe(rc::seq::fromContainer(pairs_of(h)),
                           [h](const number_pair& both) -> rc::Maybe<history_steps> {
                             const auto& from = both.first;
                             const auto& into = both.second;
                             const auto sum = from.magnitude + into.magnitude;
                             if (from.step == into.step || sum < from.magnitude) return rc::Nothing;
                             auto other = with_leaves(h, [&](std::size_t at, draw& d) {
                               if (at == into.leaf) d.magnitude = sum;
                             });
                             other.erase(other.begin() + static_cast<std::ptrdiff_t>(from.step));
                             return other;
                           });
}

/// Fewer commands first.
rc::Seq<history_steps> simpler_history(const history_steps& h) {
  return rc::seq::concat(rc::shrink::removeChunks(h), rc::shrink::eachElement(h, &simpler_step),
                         alike_together(h), merged(h), pairs_together(h));
}

// -- drawing a history ---------------------------------------------------------------------------

class history_generator {
 public:
  explicit history_generator(const histories_plan& plan) : plan_(&plan) {}

  rc::Shrinkable<history_steps> operator()(const rc::Random& random, int size) const {
    return rc::shrinkable::shrinkRecur(drawn(random, size), &simpler_history);
  }

 private:
  [[nodiscard]] history_steps drawn(rc::Random random, int size) const {
    source fresh([&random] { return random.next(); }, size, plan_->options);
    const auto most = std::max<std::size_t>(
        1, plan_->options.commands_max * static_cast<std::size_t>(std::min(size, 100)) / 100);
    const auto length = 1 + fresh.below(most);
    history_steps h;
    lived life(*plan_);
    try {
      life.begin();
      while (h.size() < length) {
        h.push_back(drawn_step(fresh, h));
        life.live(h.back());
        life.show(fresh);
      }
    } catch (const finding&) {  // far enough: it is found again when the history is lived through
    }
    return h;
  }

  [[nodiscard]] step drawn_step(source& fresh, const history_steps& before) const {
    const auto what = fresh.below(100);
    if (plan_->port.snapshot && what < 8) return {};
    if (!before.empty() && what < 18) return before[fresh.below(before.size())];
    step s{.command = fresh.below(plan_->commands.size())};
    const auto pause_max = static_cast<std::uint64_t>(plan_->options.pause_max.count());
    if (fresh.below(2) == 0) s.pause_s = fresh.below(pause_max + 1);
    try {
      static_cast<void>(words_of(plan_->commands[s.command], s.drawn, &fresh));
    } catch (...) {  // it throws again when the history is lived through, and is told then
    }
    return s;
  }

  const histories_plan* plan_;
};

// -- the search ----------------------------------------------------------------------------------

/// The options, and what RC_PARAMS says otherwise.
rc::detail::TestParams params_of(const histories_options& options) {
  rc::detail::Configuration asked;
  auto& params = asked.testParams;
  params.seed = options.seed ? *options.seed : std::random_device{}();
  params.maxSuccess = static_cast<int>(options.cases);
  const char* outside = std::getenv("RC_PARAMS");
  if (outside == nullptr) return params;
  try {
    return rc::detail::configFromString(outside, asked).testParams;
  } catch (const rc::detail::ConfigurationException& wrong) {
    throw mismatch(std::string("RC_PARAMS: ") + wrong.what());
  }
}

/// What is known of the smallest history that breaks something.
struct found_history {
  finding what;
  std::string told;
  std::size_t commands = 0;  // of the history that was found first
  std::size_t shrinks = 0;
};

found_history smallest(const rc::Shrinkable<history_steps>& broken, const finding& first,
                       lived& life) {
  found_history found{first, life.told(), broken.value().size()};
  std::size_t tried = 0;
  // The same kind of finding: a smaller history that breaks something else is another story. The
  // text is kept at once, because what is not deterministic does not come again.
  const auto breaks_the_same = [&](const history_steps& h) {
    if (++tried > shrinks_tried_max) return false;
    auto what = life.run(h);
    if (!what || what->what != first.what) return false;
    found.what = *std::move(what);
    found.told = life.told();
    return true;
  };
  found.shrinks = rc::shrinkable::findLocalMin(broken, breaks_the_same).second;
  return found;
}

[[noreturn]] void tell(const histories_plan& plan, const found_history& found, std::size_t at,
                       const rc::detail::TestParams& params) {
  std::string text = plan.port.category + ": " + found.what.what;
  if (!found.what.detail.empty()) text += ": " + found.what.detail;
  text += found.told + "\nfound in case " + std::to_string(at + 1) + " of " +
          std::to_string(params.maxSuccess) + ", " + std::to_string(found.commands) +
          " steps long; made smaller " + std::to_string(found.shrinks) +
          " times\nthe same again: .seed = " + std::to_string(params.seed) +
          ", or RC_PARAMS=\"seed=" + std::to_string(params.seed) + "\" in the environment";
  throw mismatch(text);
}

/// Whoever rejects everything has been shown to do nothing wrong, and nothing else.
void must_have_accepted_some(const histories_plan& plan, const histories_report& report) {
  const bool accepted = std::any_of(report.commands.begin(), report.commands.end(),
                                    [](const auto& c) { return c.accepted > 0; });
  if (accepted || report.cases == 0) return;
  throw mismatch(plan.port.category + ": not one command was accepted in " +
                 std::to_string(report.cases) + " histories; say what has happened before with " +
                 "`starting_with`, or how a command is filled with `filling`\n" +
                 report.to_string());
}

}  // namespace

histories_report check(const histories_plan& plan) {
  const auto params = params_of(plan.options);
  histories_report report{.seed = params.seed};
  for (const auto& c : plan.port.commands) report.commands.push_back({.name = c.name});
  const rc::Gen<history_steps> histories = history_generator(plan);
  rc::Random random(params.seed);
  lived life(plan);
  for (int i = 0; i < params.maxSuccess; ++i) {
    // The first half grows, from short histories with small numbers.
    const auto grown = std::int64_t{i} * 2 * params.maxSize / params.maxSuccess;
    const int size = static_cast<int>(std::min<std::int64_t>(1 + grown, params.maxSize));
    const auto history = histories(random.split(), size);
    const auto broken = life.run(history.value());
    life.count(report);
    ++report.cases;
    if (!broken) continue;
    const auto found = params.disableShrinking
                           ? found_history{*broken, life.told(), history.value().size()}
                           : smallest(history, *broken, life);
    tell(plan, found, static_cast<std::size_t>(i), params);
  }
  must_have_accepted_some(plan, report);
  return report;
}

}  // namespace detail

std::string histories_report::to_string() const {
  std::string text;
  for (const auto& c : commands) {
    if (!text.empty()) text += '\n';
    text += c.name + ": " + std::to_string(c.accepted) + " accepted";
    const char* between = "; rejected: ";
    for (const auto& [reason, times] : c.rejected) {
      text += between + std::to_string(times) + " " + reason;
      between = ", ";
    }
  }
  return text;
}

}  // namespace fasti::testing
