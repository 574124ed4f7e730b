// R arrays as tensors. The dtype is R's own (logical BOOL, integer INT32, double FP64, integer64 INT64, raw UINT8) or what the
// attribute "dtype" says; then every element must fit.
#include <climits>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "data/tensor.h"
#include "encode.h"
#include "order.h"
#include "worker.h"

namespace mortise::r {
namespace {

using data::Dtype;

std::vector<std::int64_t> shape_of(SEXP array) {
  SEXP sizes = Rf_getAttrib(array, R_DimSymbol);
  if (sizes == R_NilValue) {
    if (attribute(array, "rank") != R_NilValue && Rf_xlength(array) == 1) return {};
    return {Rf_xlength(array)};
  }
  return {INTEGER(sizes), INTEGER(sizes) + Rf_xlength(sizes)};
}

Dtype own_dtype(SEXP array) {
  switch (TYPEOF(array)) {
    case LGLSXP: return Dtype::boolean;
    case INTSXP: return Dtype::int32;
    case RAWSXP: return Dtype::uint8;
    default: return has_class(array, "integer64") ? Dtype::int64 : Dtype::fp64;
  }
}

Dtype dtype_of(SEXP array, const Place& place) {
  SEXP said = attribute(array, "dtype");
  if (TYPEOF(said) != STRSXP || Rf_xlength(said) != 1) return own_dtype(array);
  const std::string_view name = utf8_of(STRING_ELT(said, 0));
  if (const auto dtype = data::dtype_named(name)) return *dtype;
  throw Error(Code::plugin, place.words() + " has the dtype '" + std::string(name) + "', which is none",
              "BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, FP64");
}

double number_at(SEXP array, R_xlen_t at) {
  switch (TYPEOF(array)) {
    case LGLSXP: return LOGICAL_ELT(array, at) == NA_LOGICAL ? NA_REAL : LOGICAL_ELT(array, at);
    case INTSXP: return INTEGER_ELT(array, at) == NA_INTEGER ? NA_REAL : INTEGER_ELT(array, at);
    case RAWSXP: return RAW_ELT(array, at);
    default: break;
  }
  if (!has_class(array, "integer64")) return REAL_ELT(array, at);
  const std::int64_t number = int64_of_bits(REAL_ELT(array, at));
  return number == na_int64 ? NA_REAL : static_cast<double>(number);
}

[[noreturn]] void does_not_fit(double number, Dtype dtype, const Place& place) {
  const std::string shown = std::isnan(number) ? "NA" : std::to_string(number);
  throw Error(Code::plugin,
              place.words() + ": " + shown + " does not fit into a tensor of " + std::string(data::name_of(dtype)),
              "set attr(x, \"dtype\"), or replace NA before");
}

template <typename T>
void fill(std::span<std::byte> out, SEXP array, Dtype dtype, const Place& place) {
  constexpr double past = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
  for (R_xlen_t at = 0; at < Rf_xlength(array); ++at) {
    const double number = number_at(array, at);
    if (!(number >= static_cast<double>(std::numeric_limits<T>::min()) && number < past &&
          number == std::trunc(number))) {
      does_not_fit(number, dtype, place);
    }
    const T element = static_cast<T>(number);
    std::memcpy(out.data() + static_cast<std::size_t>(at) * sizeof(T), &element, sizeof element);
  }
}

// IEEE half precision, to the nearest, ties to even.
std::uint16_t half_of(double number) {
  const std::uint16_t sign = std::signbit(number) ? 0x8000 : 0;
  const double size = std::fabs(number);
  if (std::isnan(number)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  int exponent = 0;
  std::frexp(size, &exponent);
  const int scale = std::max(exponent - 1, -14);  // subnormal below 2^-14
  const auto steps = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(size, 10 - scale)));
  if (steps < 1024) return static_cast<std::uint16_t>(sign | steps);
  return static_cast<std::uint16_t>(sign | ((static_cast<std::uint32_t>(scale + 14) << 10) + steps));
}

template <typename T, typename Make>
void fill_floats(std::span<std::byte> out, SEXP array, const Make& make) {
  for (R_xlen_t at = 0; at < Rf_xlength(array); ++at) {
    const T element = make(number_at(array, at));
    std::memcpy(out.data() + static_cast<std::size_t>(at) * sizeof(T), &element, sizeof element);
  }
}

void fill_as(std::span<std::byte> out, SEXP array, Dtype dtype, const Place& place) {
  switch (dtype) {
    case Dtype::boolean:
      for (R_xlen_t at = 0; at < Rf_xlength(array); ++at) {
        const double number = number_at(array, at);
        if (std::isnan(number)) does_not_fit(number, dtype, place);
        out[static_cast<std::size_t>(at)] = std::byte{number != 0};
      }
      return;
    case Dtype::uint8: return fill<std::uint8_t>(out, array, dtype, place);
    case Dtype::uint16: return fill<std::uint16_t>(out, array, dtype, place);
    case Dtype::uint32: return fill<std::uint32_t>(out, array, dtype, place);
    case Dtype::uint64: return fill<std::uint64_t>(out, array, dtype, place);
    case Dtype::int8: return fill<std::int8_t>(out, array, dtype, place);
    case Dtype::int16: return fill<std::int16_t>(out, array, dtype, place);
    case Dtype::int32: return fill<std::int32_t>(out, array, dtype, place);
    case Dtype::int64: return fill<std::int64_t>(out, array, dtype, place);
    case Dtype::fp16: return fill_floats<std::uint16_t>(out, array, half_of);
    case Dtype::fp32: return fill_floats<float>(out, array, [](double number) { return static_cast<float>(number); });
    case Dtype::fp64: return fill_floats<double>(out, array, [](double number) { return number; });
  }
}

// The elements as they lie in R, when that is what the dtype means; null otherwise.
const void* memory_of(SEXP array, Dtype dtype) {
  if (dtype != own_dtype(array)) return nullptr;
  switch (TYPEOF(array)) {
    case RAWSXP: return RAW_RO(array);
    case REALSXP: return REAL_RO(array);
    case INTSXP: return INTEGER_NO_NA(array) != 0 ? INTEGER_RO(array) : nullptr;
    default: return nullptr;
  }
}

}  // namespace

Value Encoder::encode_tensor(SEXP array, const Place& place) {
  const Dtype dtype = dtype_of(array, place);
  const std::vector<std::int64_t> shape = shape_of(array);
  const auto size = static_cast<std::size_t>(Rf_xlength(array)) * data::element_size(dtype);
  held_.keep(array);
  data::Buffer values;
  if (const void* memory = memory_of(array, dtype)) {
    values = {{static_cast<const std::byte*>(memory), size}, nullptr};
  } else {
    data::Block block = is_turned(shape) ? data::allocate_block(size) : memory_for(size);
    fill_as(block.bytes.first(size), array, dtype, place);
    values = {block.bytes.first(size), block.keeper};
  }
  if (is_turned(shape)) {
    data::Block turned = memory_for(size);
    reorder(values.bytes, turned.bytes.first(size), shape, data::element_size(dtype), Order::to_last_fastest);
    values = {turned.bytes.first(size), turned.keeper};
  }
  return data::make_tensor(dtype, shape, std::move(values));
}

}  // namespace mortise::r
