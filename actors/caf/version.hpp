#pragma once
/// Which CAF this is, in the only two steps that matter here. No other file asks.
///
/// Baseline is Debian's 0.17.6; the same sources build on 1.1.0. `CAF_VERSION` itself cannot be
/// compared: it is 1706 on 0.17.6 but the octal literal 0100 on 1.1.0.

#include <caf/config.hpp>

#if defined(CAF_VERSION_MAJOR) && CAF_VERSION_MAJOR >= 1
/// 1: `mail(…).send(…)` in place of `send(…)`; schedulers in place of execution units.
#define FASTI_CAF_MAIL 1
#else
#define FASTI_CAF_MAIL 0
#endif

#if FASTI_CAF_MAIL || CAF_VERSION >= 1800
/// 1: messages need a meta object, options are strings below `caf.`, signatures are `result<R>(A)`.
#define FASTI_CAF_META 1
#else
#define FASTI_CAF_META 0
#endif
