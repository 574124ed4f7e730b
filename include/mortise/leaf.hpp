// Tables and tensors at the boundary: from Arrow C data into a Value and back, without copying a byte of the data.
//
//   make_table(std::move(schema), std::move(array))   a Value that owns what an Arrow library exported
//   export_table(value, &schema, &array)              an Arrow view that an Arrow library can import; it holds a reference
//   make_tensor(MORTISE_DTYPE_FP32, {2, 3}, data, owner)
//
// Leaves are immutable and counted: many Values may hold one, on any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/arrow_abi.h"
#include "mortise/error.hpp"
#include "mortise/plugin.h"
#include "mortise/value.hpp"

namespace mortise {

// ---- tensors -----------------------------------------------------------------------------------------------------------

// Bytes of one element, 0 when there is no such dtype.
[[nodiscard]] constexpr std::size_t dtype_size(std::uint32_t dtype) noexcept {
  constexpr std::uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8};
  return dtype < std::size(sizes) ? sizes[dtype] : 0;
}

namespace detail {

struct TensorLeaf {
  mortise_tensor tensor;
  std::atomic<std::uint32_t> owners{1};
  std::vector<std::int64_t> shape;
  std::shared_ptr<const void> keeper;
};

struct TableLeaf {
  mortise_table table;
  std::atomic<std::uint32_t> owners{1};
};

template <typename Leaf, typename Raw>
void retain_leaf(Raw* raw) noexcept {
  static_cast<Leaf*>(raw->private_data)->owners.fetch_add(1, std::memory_order_relaxed);
}

inline void release_tensor(mortise_tensor* raw) noexcept {
  auto* leaf = static_cast<TensorLeaf*>(raw->private_data);
  if (leaf->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete leaf;
}

inline void release_table(mortise_table* raw) noexcept {
  auto* leaf = static_cast<TableLeaf*>(raw->private_data);
  if (leaf->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (leaf->table.array.release != nullptr) leaf->table.array.release(&leaf->table.array);
  if (leaf->table.schema.release != nullptr) leaf->table.schema.release(&leaf->table.schema);
  delete leaf;
}

}  // namespace detail

// `data` is dense, row-major and aligned to its element; `keeper` keeps it alive (the memory of Call::allocate needs none).
// Throws Error{invalid} when dtype, rank, a size or the alignment is wrong.
[[nodiscard]] inline Value make_tensor(std::uint32_t dtype, std::vector<std::int64_t> shape, const void* data,
                                       std::shared_ptr<const void> keeper) {
  const std::size_t element = dtype_size(dtype);
  if (element == 0) throw Error(Code::invalid, "there is no tensor dtype " + std::to_string(dtype));
  if (shape.size() > MORTISE_MAX_RANK) {
    throw Error(Code::invalid, "a tensor of rank " + std::to_string(shape.size()) + "; at most 32 is possible");
  }
  for (const std::int64_t size : shape) {
    if (size < 0) throw Error(Code::invalid, "a tensor with a size of " + std::to_string(size));
  }
  if (reinterpret_cast<std::uintptr_t>(data) % element != 0) {
    throw Error(Code::invalid, "the data of a tensor must be aligned to its elements");
  }
  auto leaf = std::make_unique<detail::TensorLeaf>();
  leaf->shape = std::move(shape);
  leaf->keeper = std::move(keeper);
  leaf->tensor = {sizeof(mortise_tensor),
                  dtype,
                  static_cast<std::uint32_t>(leaf->shape.size()),
                  leaf->shape.data(),
                  data,
                  detail::retain_leaf<detail::TensorLeaf, mortise_tensor>,
                  detail::release_tensor,
                  leaf.get()};
  return Value::adopt(&leaf.release()->tensor);
}

template <typename T>
[[nodiscard]] constexpr std::uint32_t dtype_of() noexcept {
  if constexpr (std::is_same_v<T, bool>) return MORTISE_DTYPE_BOOL;
  if constexpr (std::is_same_v<T, std::uint8_t>) return MORTISE_DTYPE_UINT8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return MORTISE_DTYPE_UINT16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return MORTISE_DTYPE_UINT32;
  if constexpr (std::is_same_v<T, std::uint64_t>) return MORTISE_DTYPE_UINT64;
  if constexpr (std::is_same_v<T, std::int8_t>) return MORTISE_DTYPE_INT8;
  if constexpr (std::is_same_v<T, std::int16_t>) return MORTISE_DTYPE_INT16;
  if constexpr (std::is_same_v<T, std::int32_t>) return MORTISE_DTYPE_INT32;
  if constexpr (std::is_same_v<T, std::int64_t>) return MORTISE_DTYPE_INT64;
  if constexpr (std::is_same_v<T, float>) return MORTISE_DTYPE_FP32;
  if constexpr (std::is_same_v<T, double>) return MORTISE_DTYPE_FP64;
  return 0;
}

// Takes over a vector whose elements fill the shape.
template <typename T>
  requires(dtype_of<T>() != 0 && !std::is_same_v<T, bool>)
[[nodiscard]] Value make_tensor(std::vector<T> elements, std::vector<std::int64_t> shape) {
  std::uint64_t wanted = 1;
  for (const std::int64_t size : shape) wanted *= static_cast<std::uint64_t>(size);
  if (wanted != elements.size()) {
    throw Error(Code::invalid, "a tensor of " + std::to_string(wanted) + " elements from a vector of " +
                                   std::to_string(elements.size()));
  }
  auto keeper = std::make_shared<const std::vector<T>>(std::move(elements));
  const T* data = keeper->data();
  return make_tensor(dtype_of<T>(), std::move(shape), data, std::move(keeper));
}

// ---- tables ------------------------------------------------------------------------------------------------------------

// Takes over an exported struct array (a record batch). On failure it throws Error{invalid} and takes nothing. The data
// behind it must not change any more.
[[nodiscard]] inline Value make_table(ArrowSchema&& schema, ArrowArray&& array) {
  if (schema.release == nullptr || array.release == nullptr) throw Error(Code::invalid, "a table that was released already");
  if (schema.format == nullptr || std::string_view(schema.format) != "+s") {
    throw Error(Code::invalid, std::string("a table must be a struct array (format +s), this is ") +
                                   (schema.format != nullptr ? schema.format : "nothing"));
  }
  if (schema.n_children != array.n_children) {
    throw Error(Code::invalid, "a table whose schema has " + std::to_string(schema.n_children) + " columns and whose data has " +
                                   std::to_string(array.n_children));
  }
  if (array.offset != 0 || array.null_count > 0) {
    throw Error(Code::invalid, "a table has no offset and no null rows", "export a record batch, not a sliced struct column");
  }
  auto* leaf = new detail::TableLeaf;
  leaf->table = {sizeof(mortise_table),
                 schema,
                 array,
                 detail::retain_leaf<detail::TableLeaf, mortise_table>,
                 detail::release_table,
                 leaf};
  schema.release = nullptr;
  array.release = nullptr;
  return Value::adopt(&leaf->table);
}

namespace detail {

// One node of a view, schema or array, with nodes of its own for its children, so that a consumer may move any of them out.
template <typename Arrow>
struct ViewNode {
  Value leaf;  // what keeps buffers and texts alive
  std::vector<Arrow> children;
  std::vector<Arrow*> pointers;
  std::unique_ptr<Arrow> dictionary;
};

template <typename Arrow>
void release_view(Arrow* self) noexcept {
  auto* node = static_cast<ViewNode<Arrow>*>(self->private_data);
  for (Arrow& child : node->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (node->dictionary != nullptr && node->dictionary->release != nullptr) node->dictionary->release(node->dictionary.get());
  delete node;
  self->release = nullptr;
}

template <typename Arrow>
Arrow view_of(const Arrow& source, const Value& leaf) {
  Arrow view = source;
  view.release = nullptr;
  auto node = std::make_unique<ViewNode<Arrow>>();
  node->leaf = leaf;
  node->children.reserve(static_cast<std::size_t>(source.n_children));
  try {
    for (std::int64_t i = 0; i < source.n_children; ++i) node->children.push_back(view_of(*source.children[i], leaf));
    for (Arrow& child : node->children) node->pointers.push_back(&child);
    if (source.dictionary != nullptr) {
      node->dictionary = std::make_unique<Arrow>(Arrow{});
      *node->dictionary = view_of(*source.dictionary, leaf);
    }
  } catch (...) {
    for (Arrow& child : node->children) child.release(&child);
    throw;
  }
  view.children = node->pointers.data();
  view.dictionary = node->dictionary.get();
  view.private_data = node.release();
  view.release = release_view<Arrow>;
  return view;
}

}  // namespace detail

// Fills both with views of the table; their consumer releases them, as after any export. Buffers are shared, and live while
// a view does. Throws Error{invalid} when the value is no table.
inline void export_table(const Value& table, ArrowSchema* schema, ArrowArray* array) {
  const mortise_table& leaf = table.as_table();
  const Value keeper = table.c()->reserved != 0 ? table : Value(table);
  ArrowSchema schema_view = detail::view_of(leaf.schema, keeper);
  try {
    *array = detail::view_of(leaf.array, keeper);
  } catch (...) {
    schema_view.release(&schema_view);
    throw;
  }
  *schema = schema_view;
}

}  // namespace mortise
