// What the plugin does, apart from how it is called: the tests need no host for it.
#pragma once

#include <mortise/value.hpp>

namespace {{word}}_logic {

// The numbers, each multiplied by the factor. Throws mortise::Error for what is no list of numbers.
[[nodiscard]] mortise::Value multiplied(const mortise::Value& numbers, double factor);

}  // namespace {{word}}_logic
