// What R calls beside the conversation: looking at values as the other side would see them, and integer64.
#pragma once

#include "api.h"

namespace mortise::r {

SEXP kind_of(SEXP object);      // "int64", "tensor" ...
SEXP schema_of(SEXP frame);     // the columns as Arrow has them: name, format, rows, nulls, children, dictionary
SEXP tensor_parts(SEXP array);  // list(dtype, shape, bytes), row-major
SEXP tensor_of(SEXP dtype, SEXP shape, SEXP bytes);  // the other way round

SEXP to_int64(SEXP object);                       // numbers and texts as class integer64
SEXP int64_text(SEXP object);                     // decimal, NA for NA
SEXP int64_real(SEXP object);                     // the nearest doubles
SEXP int64_op(SEXP name, SEXP left, SEXP right);  // + - * %/% %% and comparisons, exact; overflow is NA with a warning

SEXP zygote_begin();
SEXP zygote_next();
SEXP zygote_be_born();

}  // namespace mortise::r
