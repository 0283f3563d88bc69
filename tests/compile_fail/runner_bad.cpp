// What the compile_fail runner must see refused: the first line names type and function.
#include <fasti/result.hpp>

struct account {};
static_assert(sizeof(account) == 0, "account has no evolve");
