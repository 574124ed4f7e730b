// Class integer64: int64 as the bits of doubles, the smallest of them NA, as the package bit64 has them. Without bit64 R would
// add the bits as if they were doubles, so the package brings arithmetic of its own, exact or NA.
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "data/tensor.h"
#include "decode.h"
#include "encode.h"
#include "functions.h"
#include "worker.h"

namespace mortise::r {
namespace {

double bits_of(std::int64_t number) noexcept {
  double bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

std::int64_t parsed(SEXP element) {
  if (element == NA_STRING) return na_int64;
  const std::string_view text = utf8_of(element);
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) {
    throw Error(Code::invalid, "'" + std::string(text) + "' is not an integer of 64 bits");
  }
  return number;
}

std::int64_t truncated(double number) {
  if (std::isnan(number)) return na_int64;
  if (!(std::fabs(number) < 9223372036854775808.0))
    throw Error(Code::invalid, std::to_string(number) + " is not an integer of 64 bits");
  return static_cast<std::int64_t>(number);
}

std::int64_t int64_at(SEXP vector, R_xlen_t at) {
  switch (TYPEOF(vector)) {
    case LGLSXP: return LOGICAL_ELT(vector, at) == NA_LOGICAL ? na_int64 : LOGICAL_ELT(vector, at);
    case INTSXP: return INTEGER_ELT(vector, at) == NA_INTEGER ? na_int64 : INTEGER_ELT(vector, at);
    case REALSXP: {
      const double number = REAL_ELT(vector, at);
      return has_class(vector, "integer64") ? int64_of_bits(number) : truncated(number);
    }
    case STRSXP: return parsed(STRING_ELT(vector, at));
    default: throw Error(Code::invalid, "a '" + name_of_type(vector) + "' is not a number");
  }
}

SEXP as_integer64(SEXP bits, SEXP like) {
  const Shield shield(bits);
  SEXP sizes = Rf_getAttrib(like, R_DimSymbol);
  if (sizes != R_NilValue && Rf_xlength(like) == Rf_xlength(bits)) Rf_setAttrib(bits, R_DimSymbol, sizes);
  set_class(bits, {"integer64"});
  return bits;
}

// What arrived as int64, with every bit and without a copy; null for anything else.
SEXP arrived(SEXP object) {
  const Arrivals::Arrival* arrival = conversation().arrivals.find(object);
  if (arrival == nullptr) return nullptr;
  if (arrival->column != nullptr && arrival->column->format == "l") {
    const data::Column& column = *arrival->column;
    return int64_bits(column.buffers[1], column.null_count != 0 ? column.buffers[0] : data::Buffer{}, column.length);
  }
  if (arrival->value.is(Kind::int64)) return as_integer64(Rf_ScalarReal(bits_of(arrival->value.as_int64())), object);
  if (arrival->value.is(Kind::tensor) && arrival->value.as_tensor().dtype == MORTISE_DTYPE_INT64 &&
      arrival->value.as_tensor().rank < 2) {
    return as_integer64(int64_bits(data::tensor_buffer(arrival->value), {}, Rf_xlength(object)), object);
  }
  return nullptr;
}

bool computed(char name, std::int64_t left, std::int64_t right, std::int64_t& result) {
  switch (name) {
    case '+': return !__builtin_add_overflow(left, right, &result);
    case '-': return !__builtin_sub_overflow(left, right, &result);
    case '*': return !__builtin_mul_overflow(left, right, &result);
    default: break;
  }
  if (right == 0 || (left == std::numeric_limits<std::int64_t>::min() && right == -1)) return false;
  result = left / right;  // towards the smaller, as R divides
  if (left % right != 0 && (left < 0) != (right < 0)) --result;
  if (name == 'r') result = left - result * right;
  return true;
}

int compared(std::string_view name, std::int64_t left, std::int64_t right) {
  if (name == "==") return left == right;
  if (name == "!=") return left != right;
  if (name == "<") return left < right;
  if (name == "<=") return left <= right;
  return name == ">" ? left > right : left >= right;
}

}  // namespace

SEXP to_int64(SEXP object) {
  return entry([&] {
    if (SEXP exact = arrived(object)) return exact;
    SEXP bits = allocate(REALSXP, Rf_xlength(object));
    const Shield shield(bits);
    for (R_xlen_t at = 0; at < Rf_xlength(object); ++at) REAL(bits)[at] = bits_of(int64_at(object, at));
    as_integer64(bits, object);
    // The smallest int64 has the bits of NA; asked for by its text, it crosses all the same.
    const bool smallest = TYPEOF(object) == STRSXP && Rf_xlength(object) == 1 && STRING_ELT(object, 0) != NA_STRING &&
                          int64_of_bits(REAL_ELT(bits, 0)) == na_int64;
    if (smallest) conversation().arrivals.keep(bits, {Value(na_int64), nullptr});
    return bits;
  });
}

SEXP int64_text(SEXP object) {
  return entry([&]() -> SEXP {
    const Arrivals::Arrival* arrival = conversation().arrivals.find(object);
    if (arrival != nullptr && arrival->value.is(Kind::int64)) return text(std::to_string(arrival->value.as_int64()));
    const Shield texts(allocate(STRSXP, Rf_xlength(object)));
    for (R_xlen_t at = 0; at < Rf_xlength(object); ++at) {
      const std::int64_t number = int64_at(object, at);
      SET_STRING_ELT(texts, at, number == na_int64 ? NA_STRING : text_element(std::to_string(number)));
    }
    return texts;
  });
}

SEXP int64_real(SEXP object) {
  return entry([&] {
    SEXP numbers = allocate(REALSXP, Rf_xlength(object));
    for (R_xlen_t at = 0; at < Rf_xlength(object); ++at) {
      const std::int64_t number = int64_of_bits(REAL_ELT(object, at));
      REAL(numbers)[at] = number == na_int64 ? NA_REAL : static_cast<double>(number);
    }
    return numbers;
  });
}

SEXP int64_op(SEXP name, SEXP left, SEXP right) {
  return entry([&]() -> SEXP {
    const std::string_view op = utf8_of(STRING_ELT(name, 0));
    const bool arithmetic = op == "+" || op == "-" || op == "*" || op == "%/%" || op == "%%";
    const R_xlen_t m = Rf_xlength(left);
    const R_xlen_t n = Rf_xlength(right);
    const R_xlen_t count = m == 0 || n == 0 ? 0 : std::max(m, n);
    const Shield results(allocate(arithmetic ? REALSXP : LGLSXP, count));
    bool overflow = false;
    for (R_xlen_t at = 0; at < count; ++at) {
      const std::int64_t a = int64_at(left, at % m);
      const std::int64_t b = int64_at(right, at % n);
      const bool missing = a == na_int64 || b == na_int64;
      if (!arithmetic) {
        LOGICAL(results)[at] = missing ? NA_LOGICAL : compared(op, a, b);
        continue;
      }
      std::int64_t result = na_int64;
      const bool fits = !missing && computed(op == "%%" ? 'r' : op[0], a, b, result);
      overflow = overflow || (!missing && !fits);
      REAL(results)[at] = bits_of(fits ? result : na_int64);
    }
    if (overflow) call_package(".warn_overflow", {});
    return arithmetic ? as_integer64(results, m >= n ? left : right) : static_cast<SEXP>(results);
  });
}

}  // namespace mortise::r
