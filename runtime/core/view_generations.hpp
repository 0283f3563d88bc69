#pragma once
/// A view may be there more than once: the generation that serves, and one that is folded beside it
/// to take its place. Each is a view of its own in the store. Which is which stands in one row, so
/// that one takes the other's place in one step.

#include <optional>

#include "fasti/rebuild.hpp"
#include "fasti/stores.hpp"

namespace fasti::core {

struct view_build {
  std::uint64_t generation = 0;
  position behind{};  ///< It began behind this.
  when_caught_up then = when_caught_up::switch_over;
};

struct view_generations {
  std::uint64_t serving = 0;
  std::optional<view_build> building;

  [[nodiscard]] std::uint64_t next() const noexcept {
    return (building ? building->generation : serving) + 1;
  }
};

/// Views whose names begin like this are fasti's own.
inline constexpr std::string_view own_views = "fasti.";
inline constexpr std::string_view generations_view = "fasti.generations";
/// A projection can be called that. Errors: `invalid` ("malformed-view-name").
[[nodiscard]] result<void> check_view_name(std::string_view name);

/// What a generation is called in the store: the first one like its view.
[[nodiscard]] std::string name_in_store(std::string_view view, std::uint64_t generation);
/// The view of such a name.
[[nodiscard]] std::string_view view_named(std::string_view name_in_store);

[[nodiscard]] result<view_generations> load_generations(const view_reader& from,
                                                        std::string_view view);
[[nodiscard]] result<void> save_generations(view_store& to, std::string_view view,
                                            const view_generations& g);
/// Removes those that neither serve nor are built: what a crash left of a switch or a cancellation.
[[nodiscard]] result<void> clear_others(view_store& in, std::string_view view,
                                        const view_generations& g);
/// Removes the view, with all of its generations.
[[nodiscard]] result<void> clear_all(view_store& in, std::string_view view);

}  // namespace fasti::core
