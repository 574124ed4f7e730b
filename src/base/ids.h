// Identifiers that need no registry to be unique.
#pragma once

#include <string>
#include <string_view>

namespace mortise {

// "run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC": the prefix, an underscore, and 26 characters of Crockford's base 32 in the shape of a
// ULID. The first 13 tell when (milliseconds, then their 65536ths, about 15 ns), the last 13 are random: ids sort by the
// time of their making, also those of one millisecond, and without any shared state.
[[nodiscard]] std::string make_id(std::string_view prefix);

// A random UUID, version 4: "3f2b8c1e-....".
[[nodiscard]] std::string make_uuid();

}  // namespace mortise
