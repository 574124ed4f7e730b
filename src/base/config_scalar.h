// The types of unquoted scalars, by the core schema of YAML 1.2.
#pragma once

#include <string>
#include <string_view>

#include "base/config_store.h"

namespace mortise::config {

// Throws Error{invalid} (without place) when it is an integer or a number beyond 64 bits: rounding it would be a surprise.
[[nodiscard]] Scalar typed_scalar(std::string_view text);
[[nodiscard]] Scalar string_scalar() noexcept;

}  // namespace mortise::config
