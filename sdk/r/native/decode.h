// Values as R objects. sdk/r/README.md has the table of what becomes what.
#pragma once

#include <string_view>

#include "arrivals.h"
#include "mortise/value.hpp"

namespace mortise::r {

// Throws Error{invalid} or Error{unsupported} for what R cannot hold. The caller protects the result.
SEXP decode(const Value& value, Arrivals& arrivals);

// The parts, which live in files of their own.
SEXP decode_table(const Value& table, Arrivals& arrivals);
SEXP decode_tensor(const Value& tensor, Arrivals& arrivals);
// A vector of int64 as R holds them: doubles when all are exact, else class integer64.
SEXP decode_int64s(data::Buffer values, data::Buffer validity, std::int64_t length);
// The same, always of class integer64, with every bit.
SEXP int64_bits(data::Buffer values, data::Buffer validity, std::int64_t length);

void set_class(SEXP object, std::initializer_list<const char*> classes);
void set_attribute(SEXP object, const char* name, SEXP value);

inline constexpr std::int64_t largest_exact = std::int64_t{1} << 53;

}  // namespace mortise::r
