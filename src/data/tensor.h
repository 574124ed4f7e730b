// Tensors: dense arrays, row-major, as leaves of a Value.
//
// The leaf itself is the C struct of plugin.h; here are the ways to make one and the rules that hold for every one: a
// known dtype, rank 0 to 32, no negative size, data of exactly product(shape) elements, aligned to the element.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/buffer.h"
#include "mortise/value.hpp"

namespace mortise::data {

enum class Dtype : std::uint32_t {
  boolean = MORTISE_DTYPE_BOOL,
  uint8 = MORTISE_DTYPE_UINT8,
  uint16 = MORTISE_DTYPE_UINT16,
  uint32 = MORTISE_DTYPE_UINT32,
  uint64 = MORTISE_DTYPE_UINT64,
  int8 = MORTISE_DTYPE_INT8,
  int16 = MORTISE_DTYPE_INT16,
  int32 = MORTISE_DTYPE_INT32,
  int64 = MORTISE_DTYPE_INT64,
  fp16 = MORTISE_DTYPE_FP16,
  fp32 = MORTISE_DTYPE_FP32,
  fp64 = MORTISE_DTYPE_FP64,
};

[[nodiscard]] std::string_view name_of(Dtype dtype) noexcept;  // "FP32"
[[nodiscard]] std::optional<Dtype> dtype_named(std::string_view name) noexcept;
[[nodiscard]] std::size_t element_size(Dtype dtype) noexcept;
[[nodiscard]] double half_to_double(std::uint16_t bits) noexcept;  // of FP16

// Bytes of a tensor. Throws Error{invalid} for a negative size, a rank above 32, or a product beyond 2^62.
[[nodiscard]] std::uint64_t tensor_size(Dtype dtype, std::span<const std::int64_t> shape);

// Makes a leaf. The buffer must have exactly the size; it is copied (once) only when it is not aligned to the element.
[[nodiscard]] Value make_tensor(Dtype dtype, std::vector<std::int64_t> shape, Buffer data);

// The same from elements, which are copied.
template <typename T>
[[nodiscard]] Value make_tensor(Dtype dtype, std::vector<std::int64_t> shape, std::span<const T> elements) {
  return make_tensor(dtype, std::move(shape), copy_of(std::as_bytes(elements)));
}

// The bytes of a leaf, and a Buffer that holds a reference to it. Throws Error{invalid} when the leaf breaks a rule.
[[nodiscard]] Bytes tensor_bytes(const mortise_tensor& leaf);
[[nodiscard]] Buffer tensor_buffer(const Value& tensor);

// Nested lists of scalars: what JSON shows. FP16 and FP32 become float64; a UINT64 beyond int64 becomes float64.
[[nodiscard]] Value tensor_to_lists(const mortise_tensor& leaf);

}  // namespace mortise::data
