// Values as case files write them (README.md, literal.py), for the real host.
#pragma once

#include "mortise/value.hpp"

namespace conformance {

// The value that parsed JSON of a case file means: tags, literal bytes, short forms.
[[nodiscard]] mortise::Value literal(const mortise::Value& node);

}  // namespace conformance
