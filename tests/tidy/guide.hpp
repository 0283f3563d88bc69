#pragma once
// The rules of the guide in docs/: what it shows is compiled, run and asserted, and what it names
// is there.

#include "tests/tidy/rules.hpp"

namespace fasti::tidy {

/// Every block of C++ or Cap'n Proto in docs/*.md is a quotation: before it stands a line
/// `<!-- docs/examples/loans.cpp: lend -->`, and it equals what stands, in that file, between the
/// lines `// [lend]` and `// [/lend]` (`#` in a schema), without the indentation that all of its
/// lines share. Every region is quoted by some page. A block without a language is refused: nobody
/// could tell what it is.
findings check_quotations(const std::vector<source_file>& files);

/// What a page of docs/ names between backticks is there: `tests/…` and `docs/…` are files, and a
/// `Suite.Test` is a test; of the file that the line names before it, if it names one.
findings check_named_tests(const std::vector<source_file>& files);

/// A relative link of a page of docs/ leads to a file or a folder of the tree.
findings check_links(const std::vector<source_file>& files);

}  // namespace fasti::tidy
