#pragma once
// What an application of CAF's has of its own: a message.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

#include <cstdint>

namespace fasti::test {

/// A message of the application's own, with the first id that is its to give.
struct errand {
  std::int64_t cents = 0;
};

}  // namespace fasti::test

CAF_BEGIN_TYPE_ID_BLOCK(application, 200)
CAF_ADD_TYPE_ID(application, (fasti::test::errand))
CAF_END_TYPE_ID_BLOCK(application)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fasti::test::errand)
