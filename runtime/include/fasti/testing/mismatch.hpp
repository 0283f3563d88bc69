#pragma once
/// How the test kit says no.

#include <stdexcept>

namespace fasti::testing {

/// What a test said does not hold. Any test framework shows its text.
struct mismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace fasti::testing
