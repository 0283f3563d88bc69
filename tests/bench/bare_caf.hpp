#pragma once
/// What CAF alone does: a request to one of many actors, and its response. Nothing is decided,
/// nothing stored.

#include "flow.hpp"

namespace fasti::bench {

/// One actor asks `actors` others in turn, on CAF's own work sharing, until `requests` ends.
void run_bare_caf(std::size_t actors, std::size_t in_flight, flow& requests);

}  // namespace fasti::bench
