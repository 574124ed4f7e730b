// A zygote of R: what runtime/zygote does, as R calls it.
#include "runtime/zygote/zygote.h"

#include "functions.h"

namespace mortise::r {

SEXP zygote_begin() { return Rf_ScalarLogical(mortise_zygote_begin("") == 0 ? 1 : 0); }

// 0 in the zygote, 1 in a new worker, -1 at the end.
SEXP zygote_next() { return Rf_ScalarInteger(mortise_zygote_next()); }

SEXP zygote_be_born() {
  mortise_zygote_be_born();
  return R_NilValue;
}

}  // namespace mortise::r
