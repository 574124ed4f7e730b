// Looking at values as the other side would see them.
#include <numeric>

#include "data/tensor.h"
#include "decode.h"
#include "encode.h"
#include "functions.h"
#include "worker.h"

namespace mortise::r {
namespace {

Value seen(SEXP object, Held& held) { return Encoder(conversation().arrivals, held).encode(object, Place{}); }

const char* word_of(Kind kind) { return kind == Kind::boolean ? "bool" : name_of(kind); }

Value describe(const data::Column& column) {
  Value told = Value::map(
      {{"name", column.name}, {"format", column.format}, {"rows", column.length}, {"nulls", column.null_count}});
  for (const data::Column& child : column.children) told["children"].push_back(describe(child));
  if (column.dictionary != nullptr) told["dictionary"] = describe(*column.dictionary);
  return told;
}

}  // namespace

SEXP kind_of(SEXP object) {
  return entry([&] {
    Held held;
    return text(word_of(seen(object, held).kind()));
  });
}

SEXP schema_of(SEXP frame) {
  return entry([&] {
    Held held;
    const Value table = seen(frame, held);
    Value columns = Value::list();
    for (const data::Column& column : data::table_columns(table.as_table())) columns.push_back(describe(column));
    Arrivals none;
    return decode(columns, none);
  });
}

SEXP tensor_parts(SEXP array) {
  return entry([&] {
    Held held;
    const Value tensor = seen(array, held);
    const mortise_tensor& leaf = tensor.as_tensor();
    Value shape = Value::list();
    for (std::uint32_t axis = 0; axis < leaf.rank; ++axis) shape.push_back(leaf.shape[axis]);
    const data::Bytes bytes = data::tensor_bytes(leaf);
    Arrivals none;
    return decode(Value::map({{"dtype", data::name_of(static_cast<data::Dtype>(leaf.dtype))},
                              {"shape", shape},
                              {"bytes", Value::bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()})}}),
                  none);
  });
}

SEXP tensor_of(SEXP dtype, SEXP shape, SEXP bytes) {
  return entry([&] {
    const std::string_view name = utf8_of(STRING_ELT(dtype, 0));
    const auto known = data::dtype_named(name);
    if (!known) throw Error(Code::invalid, "there is no dtype '" + std::string(name) + "'");
    std::vector<std::int64_t> sizes;
    for (R_xlen_t axis = 0; axis < Rf_xlength(shape); ++axis) sizes.push_back(INTEGER_ELT(shape, axis));
    const auto size = static_cast<std::size_t>(Rf_xlength(bytes));
    if (data::tensor_size(*known, sizes) != size) throw Error(Code::invalid, "the bytes do not fill the shape");
    const data::Bytes raw(reinterpret_cast<const std::byte*>(RAW(bytes)), size);
    return decode(data::make_tensor(*known, std::move(sizes), data::copy_of(raw)), conversation().arrivals);
  });
}

}  // namespace mortise::r
