// Values told in words, and made from such words: how a plugin proves which kinds it saw. README.md has the form.
#pragma once

#include <string_view>

#include "mortise/value.hpp"

namespace conformance {

[[nodiscard]] mortise::Value describe(const mortise::Value& value);

// The inverse, for everything but tables. Throws mortise::Error for words that describe nothing.
[[nodiscard]] mortise::Value make(const mortise::Value& told);

// "FP32" and its like; 0 when there is no such dtype.
[[nodiscard]] std::uint32_t dtype_named(std::string_view name) noexcept;
[[nodiscard]] std::size_t bytes_of(const mortise_tensor& tensor) noexcept;

}  // namespace conformance
