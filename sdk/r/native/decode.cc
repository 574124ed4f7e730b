#include "decode.h"

#include <climits>
#include <cstring>

#include "data/column_format.h"
#include "views.h"

namespace mortise::r {
namespace {

bool is_exact(std::int64_t number) noexcept { return number >= -largest_exact && number <= largest_exact; }

double bits_of(std::int64_t number) noexcept {
  double bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}

SEXP real(double number) {
  return safely([&] { return Rf_ScalarReal(number); });
}

SEXP decode_int64(const Value& value, Arrivals& arrivals) {
  const std::int64_t number = value.as_int64();
  if (number > INT_MIN && number <= INT_MAX) return safely([&] { return Rf_ScalarInteger(static_cast<int>(number)); });
  const Shield object(real(is_exact(number) ? static_cast<double>(number) : bits_of(number)));
  if (!is_exact(number)) set_class(object, {"integer64"});
  arrivals.keep(object, {value, nullptr});
  return object;
}

SEXP raw_of(std::string_view bytes) {
  SEXP raw = allocate(RAWSXP, static_cast<R_xlen_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(RAW(raw), bytes.data(), bytes.size());
  return raw;
}

// A text with a zero character, which no text of R's can hold.
SEXP odd_text(std::string_view utf8) {
  const Shield raw(raw_of(utf8));
  set_class(raw, {"mortise_text"});
  return raw;
}

// The nanoseconds beside the seconds: the encoder believes them as long as the seconds are still theirs.
SEXP decode_time(std::int64_t nanoseconds) {
  const Shield time(real(static_cast<double>(nanoseconds) / 1e9));
  const Shield exact(real(bits_of(nanoseconds)));
  set_class(exact, {"integer64"});
  set_class(time, {"POSIXct", "POSIXt"});
  set_attribute(time, "tzone", Shield(text("UTC")));
  set_attribute(time, "ns", exact);
  return time;
}

SEXP decode_list(const Value& value, Arrivals& arrivals) {
  const auto items = value.items();
  const Shield list(allocate(VECSXP, static_cast<R_xlen_t>(items.size())));
  R_xlen_t at = 0;
  for (const Value& item : items) SET_VECTOR_ELT(list, at++, decode(item, arrivals));
  return list;
}

SEXP decode_map(const Value& value, Arrivals& arrivals) {
  const auto members = value.members();
  const Shield list(allocate(VECSXP, static_cast<R_xlen_t>(members.size())));
  const Shield names(allocate(STRSXP, static_cast<R_xlen_t>(members.size())));
  R_xlen_t at = 0;
  for (const Member& member : members) {
    SET_STRING_ELT(names, at, text_element(member.key()));
    SET_VECTOR_ELT(list, at++, decode(member.value(), arrivals));
  }
  safely([&] { return Rf_setAttrib(list, R_NamesSymbol, names); });
  return list;
}

SEXP int64_view(data::Buffer values, data::Buffer validity, std::int64_t length, Source source) {
  return make_real_view({std::move(values), std::move(validity), source, length});
}

}  // namespace

SEXP decode(const Value& value, Arrivals& arrivals) {
  switch (value.kind()) {
    case Kind::null: return R_NilValue;
    case Kind::boolean: return Rf_ScalarLogical(value.as_bool() ? 1 : 0);
    case Kind::int64: return decode_int64(value, arrivals);
    case Kind::float64: return real(value.as_float64());
    case Kind::string: {
      const std::string_view utf8 = value.as_string();
      return utf8.find('\0') == std::string_view::npos ? text(utf8) : odd_text(utf8);
    }
    case Kind::bytes: return raw_of(value.as_bytes());
    case Kind::time: return decode_time(value.as_time().nanoseconds);
    case Kind::list: return decode_list(value, arrivals);
    case Kind::map: return decode_map(value, arrivals);
    case Kind::tensor: return decode_tensor(value, arrivals);
    case Kind::table: return decode_table(value, arrivals);
  }
  throw Error(Code::internal, "a value of a kind that nobody knows");
}

SEXP int64_bits(data::Buffer values, data::Buffer validity, std::int64_t length) {
  const Shield view(int64_view(std::move(values), std::move(validity), length, Source::bits));
  set_class(view, {"integer64"});
  return view;
}

SEXP decode_int64s(data::Buffer values, data::Buffer validity, std::int64_t length) {
  const auto numbers = values.as<std::int64_t>();
  for (std::int64_t row = 0; row < length; ++row) {
    const bool valid = validity.bytes.empty() || data::bit_at(validity.bytes.data(), row);
    if (valid && !is_exact(numbers[static_cast<std::size_t>(row)])) {
      return int64_bits(std::move(values), std::move(validity), length);
    }
  }
  return int64_view(std::move(values), std::move(validity), length, Source::i64);
}

void set_attribute(SEXP object, const char* name, SEXP value) {
  safely([&] { return Rf_setAttrib(object, Rf_install(name), value); });
}

void set_class(SEXP object, std::initializer_list<const char*> classes) {
  const Shield names(allocate(STRSXP, static_cast<R_xlen_t>(classes.size())));
  R_xlen_t at = 0;
  for (const char* name : classes) SET_STRING_ELT(names, at++, text_element(name));
  safely([&] { return Rf_setAttrib(object, R_ClassSymbol, names); });
}

}  // namespace mortise::r
