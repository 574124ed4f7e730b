#include "encode.h"

#include <cmath>
#include <cstring>
#include <set>
#include <vector>

namespace mortise::r {
namespace {

constexpr int deepest = 200;  // beyond what any value may have; the frame's own check says what is too deep

std::int64_t nanoseconds(double seconds, const Place& place) {
  const double exact = seconds * 1e6;  // doubles of today's seconds hold no more than microseconds
  if (!(std::fabs(exact) < 9.2e15))
    throw Error(Code::plugin, place.words() + " is a time outside the years 1677 to 2262");
  return static_cast<std::int64_t>(std::llround(exact)) * 1000;
}

Value text_value(SEXP element) { return element == NA_STRING ? Value() : Value(utf8_of(element)); }

Value real_value(double number) { return R_IsNA(number) != 0 ? Value() : Value(number); }

Value date_value(double days) {
  if (!std::isfinite(days)) return {};
  const Shield date(safely([&] { return Rf_ScalarReal(days); }));
  const Shield shown(call_package(".date_text", {date}));
  return text_value(STRING_ELT(shown, 0));
}

bool names_all(SEXP names) { return TYPEOF(names) == STRSXP; }

[[noreturn]] void no_crossing(SEXP object, const Place& place) {
  throw Error(Code::plugin, place.words() + ": a '" + name_of_type(object) + "' cannot cross",
              "send NULL, vectors, lists, arrays, data frames, Dates or POSIXct");
}

double as_real(SEXP vector, R_xlen_t at) {
  if (TYPEOF(vector) == REALSXP) return REAL_ELT(vector, at);
  const int number = INTEGER_ELT(vector, at);
  return number == NA_INTEGER ? NA_REAL : number;
}

// The exact nanoseconds beside seconds, when they are still of the same instant.
bool exact_ns(SEXP time, R_xlen_t at, std::int64_t& ns) {
  SEXP exact = attribute(time, "ns");
  if (TYPEOF(exact) != REALSXP || Rf_xlength(exact) != Rf_xlength(time)) return false;
  ns = int64_of_bits(REAL_ELT(exact, at));
  return static_cast<double>(ns) / 1e9 == as_real(time, at);
}

Value scalar_at(SEXP vector, R_xlen_t at, const Place& place) {
  switch (TYPEOF(vector)) {
    case LGLSXP: {
      const int flag = LOGICAL_ELT(vector, at);
      return flag == NA_LOGICAL ? Value() : Value(flag != 0);
    }
    case STRSXP: return text_value(STRING_ELT(vector, at));
    default: break;
  }
  if (has_class(vector, "POSIXct")) {
    std::int64_t ns = 0;
    if (exact_ns(vector, at, ns)) return Time{ns};
    const double seconds = as_real(vector, at);
    return std::isfinite(seconds) ? Value(Time{nanoseconds(seconds, place)}) : Value();
  }
  if (has_class(vector, "Date")) return date_value(as_real(vector, at));
  if (has_class(vector, "integer64")) {
    const std::int64_t number = int64_of_bits(REAL_ELT(vector, at));
    return number == na_int64 ? Value() : Value(number);
  }
  if (TYPEOF(vector) == REALSXP) return real_value(REAL_ELT(vector, at));
  const int number = INTEGER_ELT(vector, at);
  return number == NA_INTEGER ? Value() : Value(number);
}

std::string_view name_at(SEXP names, R_xlen_t at, const Place& place) {
  if (STRING_ELT(names, at) == NA_STRING) throw Error(Code::plugin, place.words() + " has a name that is NA");
  return utf8_of(STRING_ELT(names, at));
}

void check_unique(SEXP names, const Place& place) {
  std::set<std::string_view> seen;
  for (R_xlen_t at = 0; at < Rf_xlength(names); ++at) {
    const std::string_view name = name_at(names, at, place);
    if (seen.insert(name).second) continue;
    throw Error(Code::plugin, place.words() + " has the name '" + std::string(name) + "' twice",
                name.empty() ? "name every element, or none" : "names of a map are unique");
  }
}

}  // namespace

std::string Place::words() const {
  if (outer == nullptr) return key.empty() ? "the result" : std::string(key);
  std::string text = outer->outer == nullptr && outer->key.empty() ? "" : outer->words();
  if (index >= 0) return text + "[[" + std::to_string(index + 1) + "]]";
  return text.empty() ? std::string(key) : text + "$" + std::string(key);
}

Held::Held() : objects_(safely([] { return Rf_cons(R_NilValue, R_NilValue); })) { R_PreserveObject(objects_); }
Held::~Held() { R_ReleaseObject(objects_); }
SEXP Held::keep(SEXP object) {
  const Shield shield(object);
  SETCDR(objects_, safely([&] { return Rf_cons(object, CDR(objects_)); }));
  return object;
}

std::int64_t int64_of_bits(double bits) noexcept {
  std::int64_t number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}

bool has_class(SEXP object, const char* name) noexcept {
  return OBJECT(object) != 0 && Rf_inherits(object, name) != FALSE;
}

SEXP attribute(SEXP object, const char* name) noexcept { return Rf_getAttrib(object, Rf_install(name)); }

std::string name_of_type(SEXP object) {
  SEXP classes = Rf_getAttrib(object, R_ClassSymbol);
  if (TYPEOF(classes) == STRSXP && Rf_xlength(classes) > 0) return CHAR(STRING_ELT(classes, 0));
  const SEXPTYPE type = TYPEOF(object);
  if (type == CLOSXP || type == BUILTINSXP || type == SPECIALSXP) return "function";
  return Rf_type2char(type);
}

Value Encoder::encode(SEXP object, const Place& place, int depth) {
  if (depth > deepest) throw Error(Code::plugin, "a value that nests more than 128 levels deep");
  if (const Arrivals::Arrival* arrival = arrivals_.find(object); arrival != nullptr && arrival->column == nullptr) {
    return arrival->value;
  }
  if (OBJECT(object) != 0) {
    if (has_class(object, "data.frame")) return encode_frame(object, place);
    if (has_class(object, "factor")) return convert("as.character", object, place, depth);
    if (has_class(object, "POSIXlt")) return convert(".as_instants", object, place, depth);
    if (has_class(object, "difftime")) return convert(".as_seconds", object, place, depth);
    if (has_class(object, "mortise_text"))
      return {
          std::string_view(reinterpret_cast<const char*>(RAW(object)), static_cast<std::size_t>(Rf_xlength(object)))};
  }
  const bool is_array = attribute(object, "dim") != R_NilValue || attribute(object, "dtype") != R_NilValue ||
                        attribute(object, "rank") != R_NilValue;
  switch (TYPEOF(object)) {
    case NILSXP: return {};
    case LGLSXP:
    case INTSXP:
    case REALSXP: return is_array ? encode_tensor(object, place) : encode_atomic(object, place);
    case STRSXP: return encode_atomic(object, place);
    case RAWSXP:
      if (is_array) return encode_tensor(object, place);
      return Value::bytes({reinterpret_cast<const char*>(RAW(object)), static_cast<std::size_t>(Rf_xlength(object))});
    case VECSXP: return encode_list(object, place, depth);
    default: no_crossing(object, place);
  }
}

Value Encoder::convert(const char* function, SEXP object, const Place& place, int depth) {
  return encode(held_.keep(call_package(function, {object})), place, depth + 1);
}

Value Encoder::encode_list(SEXP list, const Place& place, int depth) {
  const R_xlen_t count = Rf_xlength(list);
  const Shield names(Rf_getAttrib(list, R_NamesSymbol));
  if (!names_all(names)) {
    Value value = Value::list();
    value.reserve(static_cast<std::size_t>(count));
    for (R_xlen_t at = 0; at < count; ++at) value.push_back(encode(VECTOR_ELT(list, at), {&place, {}, at}, depth + 1));
    return value;
  }
  check_unique(names, place);
  Value value = Value::map();
  value.reserve(static_cast<std::size_t>(count));
  for (R_xlen_t at = 0; at < count; ++at) {
    const std::string_view name = utf8_of(STRING_ELT(names, at));
    value.append(name, encode(VECTOR_ELT(list, at), {&place, name}, depth + 1));
  }
  return value;
}

// One element is a scalar, unless I() says otherwise; names make a map.
Value Encoder::encode_atomic(SEXP vector, const Place& place) {
  const Shield names(Rf_getAttrib(vector, R_NamesSymbol));
  if (names_all(names)) {
    check_unique(names, place);
    Value map = Value::map();
    for (R_xlen_t at = 0; at < Rf_xlength(vector); ++at) {
      map.append(utf8_of(STRING_ELT(names, at)), scalar_at(vector, at, place));
    }
    return map;
  }
  if (Rf_xlength(vector) == 1 && !has_class(vector, "AsIs")) return scalar_at(vector, 0, place);
  return encode_scalars(vector, place);
}

Value Encoder::encode_scalars(SEXP vector, const Place& place) {
  Value list = Value::list();
  list.reserve(static_cast<std::size_t>(Rf_xlength(vector)));
  for (R_xlen_t at = 0; at < Rf_xlength(vector); ++at) list.push_back(scalar_at(vector, at, place));
  return list;
}

}  // namespace mortise::r
