// What the compile_fail runner must see refused, with a first line that names both type and function.
#include <fasti/result.hpp>

struct account {};
static_assert(sizeof(account) == 0, "account has no evolve");
