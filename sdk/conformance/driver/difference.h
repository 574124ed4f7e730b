// How two values differ, as second.py would see it: 1 is not 1.0, -0.0 is not 0.0, a table is its formats and its cells.
#pragma once

#include <optional>
#include <string>

#include "mortise/value.hpp"

namespace conformance {

// Where and how, or nothing when they are the same.
[[nodiscard]] std::optional<std::string> difference(const mortise::Value& got, const mortise::Value& wanted,
                                                    const std::string& path = "value");

// Bytes of all tables and tensors, and of bytes beyond 64 KiB, in a value: what could have to be copied.
[[nodiscard]] std::uint64_t leaf_bytes(const mortise::Value& value);

}  // namespace conformance
