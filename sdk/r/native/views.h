// Views: R vectors over memory that R does not own (ALTREP), so that a column or a tensor in shared memory is read in place.
//
// A view holds the memory alive until R forgets the vector. Doubles and 32-bit integers without nulls are the memory itself;
// narrower, wider and nullable numbers are turned into R's own one by one as they are read, so that sum(), mean() and `[`
// need no copy either. Code that wants a plain pointer to such a column gets one counted copy, made once; so does code that
// wants to write, for shared memory is never written.
#pragma once

#include <cstdint>
#include <memory>

#include "api.h"
#include "data/table.h"

namespace mortise::r {

// What lies in memory. `bits` are int64 seen as the bits of doubles: R's class integer64.
enum class Source : std::uint8_t { i8, u8, i16, u16, i32, u32, i64, u64, f16, f32, f64, bits };

struct View {
  data::Buffer values;
  data::Buffer validity;  // empty: no nulls
  Source source = Source::f64;
  std::int64_t length = 0;
  double divisor = 1;  // of doubles: milliseconds become seconds

  [[nodiscard]] bool is_null(std::int64_t row) const noexcept;
};

// Once, when the library is loaded.
void register_views(DllInfo* library);

SEXP make_real_view(View view);
SEXP make_integer_view(View view);  // i8, u8, i16, u16, i32 without the one number that R takes for NA

// A column of texts, which R keeps in another form: `fill` turns all of it into a plain vector, once, when somebody looks at it.
SEXP make_text_view(std::shared_ptr<const data::Column> column, SEXP (*fill)(const data::Column&));

// Doubles in memory of the host's own: written by R, handed on without a copy. `release_regions` at the end of a call gives
// memory of their own to those that R still knows.
SEXP make_region(double* data, std::int64_t length);
void release_regions() noexcept;

}  // namespace mortise::r
