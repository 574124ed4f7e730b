#include "data/tensor.h"

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

namespace mortise::data {
namespace {

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<DtypeRow, 12> dtypes{{
    {Dtype::boolean, "BOOL", 1},
    {Dtype::uint8, "UINT8", 1},
    {Dtype::uint16, "UINT16", 2},
    {Dtype::uint32, "UINT32", 4},
    {Dtype::uint64, "UINT64", 8},
    {Dtype::int8, "INT8", 1},
    {Dtype::int16, "INT16", 2},
    {Dtype::int32, "INT32", 4},
    {Dtype::int64, "INT64", 8},
    {Dtype::fp16, "FP16", 2},
    {Dtype::fp32, "FP32", 4},
    {Dtype::fp64, "FP64", 8},
}};

const DtypeRow* row_of(Dtype dtype) noexcept {
  const auto index = static_cast<std::size_t>(dtype) - 1;
  return index < dtypes.size() ? &dtypes[index] : nullptr;
}

struct TensorLeaf {
  mortise_tensor face{};
  std::atomic<std::uint64_t> owners{1};
  std::vector<std::int64_t> shape;
  Buffer data;

  static TensorLeaf* of(mortise_tensor* face) noexcept { return static_cast<TensorLeaf*>(face->private_data); }
  static void retain(mortise_tensor* face) noexcept { of(face)->owners.fetch_add(1, std::memory_order_relaxed); }
  static void release(mortise_tensor* face) noexcept {
    if (of(face)->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete of(face);
  }
};

template <typename T>
Value element(const std::byte* data, std::size_t index) {
  T value{};
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  if constexpr (std::is_same_v<T, std::uint64_t>) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return static_cast<double>(value);
  }
  return value;
}

Value element(Dtype dtype, const std::byte* data, std::size_t index) {
  switch (dtype) {
    case Dtype::boolean: return std::to_integer<int>(data[index]) != 0;
    case Dtype::uint8: return element<std::uint8_t>(data, index);
    case Dtype::uint16: return element<std::uint16_t>(data, index);
    case Dtype::uint32: return element<std::uint32_t>(data, index);
    case Dtype::uint64: return element<std::uint64_t>(data, index);
    case Dtype::int8: return element<std::int8_t>(data, index);
    case Dtype::int16: return element<std::int16_t>(data, index);
    case Dtype::int32: return element<std::int32_t>(data, index);
    case Dtype::int64: return element<std::int64_t>(data, index);
    case Dtype::fp16: return half_to_double(static_cast<std::uint16_t>(element<std::uint16_t>(data, index).as_int64()));
    case Dtype::fp32: return element<float>(data, index);
    case Dtype::fp64: return element<double>(data, index);
  }
  return nullptr;
}

// A tensor without elements may still claim billions of empty lists.
void check_lists(const mortise_tensor& leaf) {
  constexpr std::int64_t most = 1 << 20;
  std::int64_t lists = 1;
  for (std::uint32_t axis = 0; axis < leaf.rank && leaf.shape[axis] != 0; ++axis) {
    if (lists > most / leaf.shape[axis]) {
      throw Error(Code::invalid,
                  "an empty tensor whose shape makes more than " + std::to_string(most) + " empty lists");
    }
    lists *= leaf.shape[axis];
  }
}

// The lists of one dimension; `at` counts elements in memory order.
Value dimension(const mortise_tensor& leaf, std::uint32_t axis, std::size_t& at) {
  if (axis == leaf.rank) return element(static_cast<Dtype>(leaf.dtype), static_cast<const std::byte*>(leaf.data), at++);
  Value list = Value::list();
  list.reserve(static_cast<std::size_t>(leaf.shape[axis]));
  for (std::int64_t i = 0; i < leaf.shape[axis]; ++i) list.push_back(dimension(leaf, axis + 1, at));
  return list;
}

}  // namespace

std::string_view name_of(Dtype dtype) noexcept {
  const DtypeRow* row = row_of(dtype);
  return row != nullptr ? row->name : "unknown";
}

std::optional<Dtype> dtype_named(std::string_view name) noexcept {
  for (const DtypeRow& row : dtypes) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::size_t element_size(Dtype dtype) noexcept {
  const DtypeRow* row = row_of(dtype);
  return row != nullptr ? row->size : 0;
}

double half_to_double(std::uint16_t bits) noexcept {
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  if (exponent == 31) {
    return fraction != 0 ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

std::uint64_t tensor_size(Dtype dtype, std::span<const std::int64_t> shape) {
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  std::uint64_t size = element_size(dtype);
  if (size == 0) {
    throw Error(Code::invalid, "unknown dtype " + std::to_string(static_cast<std::uint32_t>(dtype)) + " of a tensor");
  }
  if (shape.size() > MORTISE_MAX_RANK) {
    throw Error(Code::invalid, "a tensor of rank " + std::to_string(shape.size()) + "; the highest is 32");
  }
  bool empty = false;
  for (const std::int64_t length : shape) {
    if (length < 0) {
      throw Error(Code::invalid, "a tensor has the negative size " + std::to_string(length) + " in its shape");
    }
    if (length == 0) {
      empty = true;
      continue;
    }
    if (static_cast<std::uint64_t>(length) > most / size) {
      throw Error(Code::invalid, "the shape of a tensor multiplies beyond 2^62 bytes");
    }
    size *= static_cast<std::uint64_t>(length);
  }
  return empty ? 0 : size;
}

Value make_tensor(Dtype dtype, std::vector<std::int64_t> shape, Buffer data) {
  const std::uint64_t size = tensor_size(dtype, shape);
  if (data.bytes.size() != size) {
    throw Error(Code::invalid, "a tensor of this shape has " + std::to_string(size) + " bytes, got " +
                                   std::to_string(data.bytes.size()))
        .with("expected", std::to_string(size))
        .with("got", std::to_string(data.bytes.size()));
  }
  const auto address = reinterpret_cast<std::uintptr_t>(data.bytes.data());
  if (size == 0 || address % element_size(dtype) != 0) data = copy_of(data.bytes);

  auto leaf = std::make_unique<TensorLeaf>();
  leaf->shape = std::move(shape);
  leaf->data = std::move(data);
  leaf->face = {sizeof(mortise_tensor),
                static_cast<std::uint32_t>(dtype),
                static_cast<std::uint32_t>(leaf->shape.size()),
                leaf->shape.data(),
                leaf->data.bytes.data(),
                TensorLeaf::retain,
                TensorLeaf::release,
                leaf.get()};
  return Value::adopt(&leaf.release()->face);
}

Bytes tensor_bytes(const mortise_tensor& leaf) {
  if (leaf.size < sizeof(mortise_tensor) || (leaf.rank > 0 && leaf.shape == nullptr) || leaf.rank > MORTISE_MAX_RANK) {
    throw Error(Code::invalid, "a tensor's struct is incomplete: size " + std::to_string(leaf.size) + ", rank " +
                                   std::to_string(leaf.rank));
  }
  const auto dtype = static_cast<Dtype>(leaf.dtype);
  const std::uint64_t size = tensor_size(dtype, {leaf.shape, leaf.rank});
  if (size > 0 && leaf.data == nullptr) {
    throw Error(Code::invalid, "a tensor of " + std::to_string(size) + " bytes has no data");
  }
  if (reinterpret_cast<std::uintptr_t>(leaf.data) % element_size(dtype) != 0) {
    throw Error(Code::invalid, "the data of a tensor of " + std::string(name_of(dtype)) + " is not aligned");
  }
  return {static_cast<const std::byte*>(leaf.data), size};
}

Buffer tensor_buffer(const Value& tensor) {
  const Bytes bytes = tensor_bytes(tensor.as_tensor());
  return {bytes, std::make_shared<Value>(tensor)};
}

Value tensor_to_lists(const mortise_tensor& leaf) {
  if (tensor_bytes(leaf).empty()) check_lists(leaf);
  std::size_t at = 0;
  return dimension(leaf, 0, at);
}

}  // namespace mortise::data
