// What the compile_fail runner must let through.
#include <fasti/result.hpp>

struct account {
  void evolve(int) {}
};
static_assert(
    requires(account a) { a.evolve(1); }, "account has no evolve");
