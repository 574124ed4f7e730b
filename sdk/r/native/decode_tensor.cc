// Tensors as R arrays: R's first index runs fastest, a tensor's last one does, so whatever has more than one axis is turned
// round once; anything else is a view.
#include <algorithm>
#include <climits>
#include <numeric>

#include "data/tensor.h"
#include "decode.h"
#include "order.h"
#include "views.h"
#include "worker.h"

namespace mortise::r {
namespace {

using data::Dtype;

Source source_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::uint8: return Source::u8;
    case Dtype::uint16: return Source::u16;
    case Dtype::uint32: return Source::u32;
    case Dtype::uint64: return Source::u64;
    case Dtype::int8: return Source::i8;
    case Dtype::int16: return Source::i16;
    case Dtype::int32: return Source::i32;
    case Dtype::int64: return Source::i64;
    case Dtype::fp16: return Source::f16;
    case Dtype::fp32: return Source::f32;
    default: return Source::f64;
  }
}

bool has_na_integer(const data::Buffer& values) {
  const auto all = values.as<std::int32_t>();
  return std::ranges::find(all, INT_MIN) != all.end();
}

SEXP elements(Dtype dtype, const data::Buffer& values, std::int64_t count) {
  const View view{values, {}, source_of(dtype), count};
  switch (dtype) {
    case Dtype::boolean: {
      SEXP all = allocate(LGLSXP, count);
      for (std::int64_t i = 0; i < count; ++i)
        LOGICAL(all)[i] = values.bytes[static_cast<std::size_t>(i)] != std::byte{0};
      return all;
    }
    case Dtype::int64: return decode_int64s(values, {}, count);
    case Dtype::uint8:
    case Dtype::uint16:
    case Dtype::int8:
    case Dtype::int16: return make_integer_view(view);
    case Dtype::int32: return has_na_integer(values) ? make_real_view(view) : make_integer_view(view);
    default: return make_real_view(view);
  }
}

// What R's own type says already.
bool is_native(Dtype dtype, SEXP elements) {
  switch (TYPEOF(elements)) {
    case LGLSXP: return true;
    case INTSXP: return dtype == Dtype::int32;
    default: return dtype == Dtype::fp64;
  }
}

}  // namespace

SEXP decode_tensor(const Value& value, Arrivals& arrivals) {
  const mortise_tensor& leaf = value.as_tensor();
  const auto dtype = static_cast<Dtype>(leaf.dtype);
  const std::vector<std::int64_t> shape(leaf.shape, leaf.shape + leaf.rank);
  const std::int64_t count = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  if (std::ranges::any_of(shape, [](std::int64_t size) { return size > INT_MAX; })) {
    throw Error(Code::unsupported, "a tensor with a size beyond 2147483647, which no array of R's can have");
  }
  data::Buffer values = data::tensor_buffer(value);
  if (is_turned(shape)) {
    data::Block block = data::allocate_block(values.bytes.size());
    reorder(values.bytes, block.bytes, shape, data::element_size(dtype), Order::to_first_fastest);
    if (values.bytes.size() > (64 << 10)) count_copied(values.bytes.size());
    values = std::move(block).freeze();
  }
  const Shield array(elements(dtype, values, count));
  if (shape.empty()) {
    set_attribute(array, "rank", Shield(Rf_ScalarInteger(0)));
  } else {
    const Shield sizes(allocate(INTSXP, static_cast<R_xlen_t>(shape.size())));
    std::ranges::transform(shape, INTEGER(sizes), [](std::int64_t size) { return static_cast<int>(size); });
    safely([&] { return Rf_setAttrib(array, R_DimSymbol, sizes); });
  }
  if (!is_native(dtype, array)) set_attribute(array, "dtype", Shield(text(data::name_of(dtype))));
  arrivals.keep(array, {value, nullptr});
  return array;
}

}  // namespace mortise::r
