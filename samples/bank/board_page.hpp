#pragma once
/// The board's page: written by hand in board.html, .css, .js and .svg, and part of the program.

#include <string_view>

namespace bank::page {

extern const std::string_view html;
extern const std::string_view css;
extern const std::string_view js;
extern const std::string_view svg;

}  // namespace bank::page
