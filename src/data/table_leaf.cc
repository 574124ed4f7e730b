// Columns become a leaf: one object that owns the Arrow structs, their strings, and references to all buffers.
#include <array>
#include <atomic>
#include <cstring>
#include <deque>

#include "data/column_format.h"
#include "data/table.h"

namespace mortise::data {
namespace {

// Stands where a buffer has no bytes: readers may look at offset 0 of an empty column.
alignas(buffer_alignment) constexpr std::array<std::byte, buffer_alignment> no_bytes{};

void keep_schema(ArrowSchema* schema) { schema->release = nullptr; }
void keep_array(ArrowArray* array) { array->release = nullptr; }

// Arrow's encoding of metadata: int32 count, then int32 length and bytes of each key and value.
std::string encode_metadata(const std::vector<std::pair<std::string, std::string>>& metadata) {
  std::string out;
  const auto number = [&](std::size_t value) {
    const auto narrow = static_cast<std::int32_t>(value);
    out.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
  };
  number(metadata.size());
  for (const auto& [key, value] : metadata) {
    number(key.size());
    out += key;
    number(value.size());
    out += value;
  }
  return out;
}

// The structs of one column; it never moves once it is linked.
struct Node {
  ArrowSchema schema{};
  ArrowArray array{};
  std::string name, format, metadata;
  std::vector<const void*> pointers;
  std::vector<ArrowSchema*> schemas;
  std::vector<ArrowArray*> arrays;
  std::vector<Buffer> buffers;
};

struct TableLeaf {
  mortise_table face{};
  std::atomic<std::uint64_t> owners{1};
  std::deque<Node> nodes;

  static TableLeaf* of(mortise_table* face) noexcept { return static_cast<TableLeaf*>(face->private_data); }
  static void retain(mortise_table* face) noexcept { of(face)->owners.fetch_add(1, std::memory_order_relaxed); }
  static void release(mortise_table* face) noexcept {
    if (of(face)->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete of(face);
  }

  Node& add(Column column);
  void link(Node& node, std::vector<Column> children);
};

Node& TableLeaf::add(Column column) {
  Node& node = nodes.emplace_back();
  node.name = std::move(column.name);
  node.format = std::move(column.format);
  node.buffers = std::move(column.buffers);
  if (!column.metadata.empty()) node.metadata = encode_metadata(column.metadata);
  const bool validity_first = node.format != "n";
  for (const Buffer& buffer : node.buffers) {
    const bool validity = validity_first && node.pointers.empty();
    node.pointers.push_back(!buffer.bytes.empty() ? buffer.bytes.data() : validity ? nullptr : no_bytes.data());
  }
  const std::int64_t flags =
      (column.nullable ? ARROW_FLAG_NULLABLE : 0) | (column.ordered ? ARROW_FLAG_DICTIONARY_ORDERED : 0);
  node.schema = {node.format.c_str(),
                 node.name.c_str(),
                 node.metadata.empty() ? nullptr : node.metadata.data(),
                 flags,
                 0,
                 nullptr,
                 nullptr,
                 keep_schema,
                 nullptr};
  node.array = {column.length,
                column.null_count,
                0,
                static_cast<std::int64_t>(node.pointers.size()),
                0,
                node.pointers.data(),
                nullptr,
                nullptr,
                keep_array,
                nullptr};
  link(node, std::move(column.children));
  if (column.dictionary != nullptr) {
    Node& dictionary = add(std::move(*column.dictionary));
    node.schema.dictionary = &dictionary.schema;
    node.array.dictionary = &dictionary.array;
  }
  return node;
}

void TableLeaf::link(Node& node, std::vector<Column> children) {
  for (Column& child : children) {
    Node& added = add(std::move(child));
    node.schemas.push_back(&added.schema);
    node.arrays.push_back(&added.array);
  }
  node.schema.n_children = node.array.n_children = static_cast<std::int64_t>(children.size());
  node.schema.children = node.schemas.data();
  node.array.children = node.arrays.data();
}

}  // namespace

Value make_table(std::int64_t rows, std::vector<Column> columns) {
  auto leaf = std::make_unique<TableLeaf>();
  Column root;
  root.format = "+s";
  root.nullable = false;
  root.length = rows;
  root.buffers.resize(1);
  root.children = std::move(columns);
  const Node& node = leaf->add(std::move(root));
  leaf->face = {sizeof(mortise_table), node.schema, node.array, TableLeaf::retain, TableLeaf::release, leaf.get()};
  return Value::adopt(&leaf.release()->face);
}

}  // namespace mortise::data
