// Neither a decider nor a projection.
#include "fasti/runtime.hpp"

struct thing {};

void use(fasti::runtime& rt) { (void)rt.add<thing>().has_value(); }
