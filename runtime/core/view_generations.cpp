#include "runtime/core/view_generations.hpp"

#include <set>

#include "fasti/schema.hpp"
#include "runtime/core/row_words.hpp"
#include "runtime/core/stored_rows.hpp"
#include "schemas/views.capnp.h"

namespace fasti::core {
namespace {

/// Between a view's name and the number of a generation; not to be had in the name.
constexpr char separator = '\x1f';
constexpr std::size_t name_bytes_max =
    200;  // the store's limit is higher: generations have numbers

/// Of that view's generations.
result<void> clear_but(const std::set<std::string>& kept, view_store& in, std::string_view view) {
  auto all = in.checkpoints();
  if (!all) return std::move(all).error();
  for (const auto& [name, at] : *all) {
    if (view_named(name) != view || kept.contains(name)) continue;
    if (auto cleared = in.clear(name); !cleared) return cleared;
  }
  return {};
}

view_generations generations_in(body_view words) {
  body_reader reader(words);
  const auto stored = reader.root<schemas::ViewGenerations>();
  view_generations g;
  g.serving = stored.getServing();
  if (stored.getBuilding() != 0) {
    g.building = view_build{stored.getBuilding(), position{stored.getBuiltBehind()},
                            stored.getWaits() ? when_caught_up::wait : when_caught_up::switch_over};
  }
  return g;
}

}  // namespace

result<void> check_view_name(std::string_view name) {
  const bool is_good = !name.empty() && name.size() <= name_bytes_max &&
                       !name.starts_with(own_views) && name.find(separator) == name.npos;
  if (is_good) return {};
  return error{errc::invalid, "malformed-view-name",
               "\"" + std::string(name) + "\" must not be empty, longer than " +
                   std::to_string(name_bytes_max) +
                   " bytes, begin with \"fasti.\" or hold a unit separator"};
}

std::string name_in_store(std::string_view view, std::uint64_t generation) {
  std::string name(view);
  if (generation > 0) name += separator + std::to_string(generation);
  return name;
}

std::string_view view_named(std::string_view name_in_store) {
  return name_in_store.substr(0, name_in_store.find(separator));
}

result<view_generations> load_generations(const view_reader& from, std::string_view view) {
  view_generations g;
  auto row = from.row(generations_view, view);
  if (!row) return std::move(row).error();
  if (!*row) return g;
  const auto why = failure_to_use(**row, [&g](body_view words) { g = generations_in(words); });
  if (why) return damaged_row(generations_view, std::string(view), *why);
  return g;
}

result<void> save_generations(view_store& to, std::string_view view, const view_generations& g) {
  const auto words = build<schemas::ViewGenerations>([&g](auto stored) {
    stored.setServing(g.serving);
    if (!g.building) return;
    stored.setBuilding(g.building->generation);
    stored.setBuiltBehind(count_of(g.building->behind));
    stored.setWaits(g.building->then == when_caught_up::wait);
  });
  return to.write(generations_view, {{{std::string(view), text_of(words)}}, no_position});
}

result<void> clear_others(view_store& in, std::string_view view, const view_generations& g) {
  std::set<std::string> kept{name_in_store(view, g.serving)};
  if (g.building) kept.insert(name_in_store(view, g.building->generation));
  return clear_but(kept, in, view);
}

result<void> clear_all(view_store& in, std::string_view view) {
  if (auto cleared = clear_but({}, in, view); !cleared) return cleared;
  return in.write(generations_view, {{{std::string(view), std::nullopt}}, no_position});
}

}  // namespace fasti::core
