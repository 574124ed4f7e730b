// A leaf becomes Columns: the walk over the buffers of any Arrow array, with offsets resolved.
#include <cstring>
#include <string>

#include "data/column_format.h"
#include "data/table.h"

namespace mortise::data {
namespace {

[[noreturn]] void inconsistent(std::string_view column, const std::string& what) {
  throw Error(Code::invalid, "column '" + std::string(column) + "': " + what).with("column", std::string(column));
}

// A part of an array: `length` values from `first`, counted in its buffers (the array's own offset included).
struct Part {
  std::int64_t first = 0;
  std::int64_t length = 0;
  bool whole = true;  // all that the array has, so that its null count holds
};

std::vector<std::pair<std::string, std::string>> decode_metadata(const char* metadata) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (metadata == nullptr) return pairs;
  const auto number = [&] {
    std::int32_t value = 0;
    std::memcpy(&value, metadata, sizeof value);
    metadata += sizeof value;
    return value < 0 ? std::int32_t{0} : value;
  };
  const auto text = [&] {
    const auto size = static_cast<std::size_t>(number());
    std::string out(metadata, size);
    metadata += size;
    return out;
  };
  for (std::int32_t left = number(); left > 0; --left) {
    std::string key = text();
    pairs.emplace_back(std::move(key), text());
  }
  return pairs;
}

// Bits [first, first + length) as a bitmap that starts at its first bit.
Buffer bits_from(const std::byte* bitmap, std::int64_t first, std::int64_t length) {
  const std::uint64_t size = bitmap_bytes(static_cast<std::uint64_t>(length));
  if (first % 8 == 0) return {{bitmap + first / 8, size}, nullptr};
  Block block = allocate_block(size);
  const auto shift = static_cast<unsigned>(first % 8);
  const std::byte* source = bitmap + first / 8;
  const std::uint64_t source_size = bitmap_bytes(static_cast<std::uint64_t>(length) + shift);
  for (std::uint64_t i = 0; i < size; ++i) {
    const unsigned low = std::to_integer<unsigned>(source[i]) >> shift;
    const unsigned high = i + 1 < source_size ? std::to_integer<unsigned>(source[i + 1]) << (8 - shift) : 0;
    block.bytes[i] = static_cast<std::byte>(low | high);
  }
  return std::move(block).freeze();
}

class Walk {
 public:
  Column column(const ArrowSchema& schema, const ArrowArray& array, Part part, std::uint32_t depth);

  static const std::byte* buffer(const ArrowArray& array, std::size_t index) {
    return static_cast<const std::byte*>(array.buffers[index]);
  }

 private:
  void check_structs(const ArrowSchema& schema, const ArrowArray& array, std::uint32_t depth);
  void validity(Column& column, const ArrowArray& array, const Part& part);
  template <typename Offset>
  Part offsets(Column& column, const ArrowArray& array, const Part& part);
  Buffer fixed(const Column& column, const ArrowArray& array, const Part& part, std::uint32_t width);
  Part data(Column& column, const ColumnFormat& format, const ArrowArray& array, const Part& part);
  const std::byte* required(const Column& column, const ArrowArray& array, std::size_t index, std::uint64_t size);
};

void Walk::check_structs(const ArrowSchema& schema, const ArrowArray& array, std::uint32_t depth) {
  const std::string_view name = schema.name != nullptr ? schema.name : "";
  if (depth > max_column_depth) inconsistent(name, "columns nest deeper than 32 levels");
  if (schema.format == nullptr) inconsistent(name, "its schema has no format");
  if (array.length < 0 || array.offset < 0 || array.length > INT64_MAX - array.offset) {
    inconsistent(name, "length " + std::to_string(array.length) + ", offset " + std::to_string(array.offset));
  }
  const ColumnFormat format = column_format(schema.format);
  if (array.n_buffers != static_cast<std::int64_t>(buffers_of(format.layout)) ||
      (array.n_buffers > 0 && array.buffers == nullptr)) {
    inconsistent(name, "format '" + std::string(schema.format) + "' has " + std::to_string(buffers_of(format.layout)) +
                           " buffers, got " + std::to_string(array.n_buffers));
  }
  const bool no_child = format.layout != Layout::list && format.layout != Layout::record;
  if (schema.n_children != array.n_children || schema.n_children < 0 || (no_child && schema.n_children != 0) ||
      (format.layout == Layout::list && schema.n_children != 1)) {
    inconsistent(name, "schema and array have " + std::to_string(schema.n_children) + " and " +
                           std::to_string(array.n_children) + " children");
  }
  if ((schema.dictionary == nullptr) != (array.dictionary == nullptr)) {
    inconsistent(name, "only one of schema and array has a dictionary");
  }
  if (schema.dictionary != nullptr && !format.index) {
    inconsistent(name, "the indices of a dictionary have the format '" + std::string(schema.format) + "'");
  }
}

const std::byte* Walk::required(const Column& column, const ArrowArray& array, std::size_t index, std::uint64_t size) {
  const std::byte* data = buffer(array, index);
  if (data == nullptr && size > 0) inconsistent(column.name, "buffer " + std::to_string(index) + " is missing");
  return data;
}

void Walk::validity(Column& column, const ArrowArray& array, const Part& part) {
  const std::byte* bitmap = buffer(array, 0);
  if (bitmap == nullptr || array.null_count == 0 || part.length == 0) {
    if (bitmap == nullptr && array.null_count > 0 && part.whole) {
      inconsistent(column.name, "it has nulls but no validity");
    }
    column.buffers.emplace_back();
    return;
  }
  Buffer bits = bits_from(bitmap, part.first, part.length);
  column.null_count =
      part.whole && array.null_count > 0 ? array.null_count : count_zero_bits(bits.bytes.data(), part.length);
  column.buffers.push_back(column.null_count != 0 ? std::move(bits) : Buffer{});
}

// Adds the offsets; returns the part of the data (or of the child) that they point to. Offsets that skip more than they use
// are rebased, so that a short slice of a long column stays short.
template <typename Offset>
Part Walk::offsets(Column& column, const ArrowArray& array, const Part& part) {
  if (part.length == 0) {
    column.buffers.emplace_back();
    return {0, 0, false};
  }
  const auto* all = reinterpret_cast<const Offset*>(required(column, array, 1, 1)) + part.first;
  const Offset first = all[0];
  const Offset last = all[part.length];
  if (first < 0 || last < first) {
    inconsistent(column.name, "its offsets run from " + std::to_string(first) + " to " + std::to_string(last));
  }
  const std::uint64_t size = (static_cast<std::uint64_t>(part.length) + 1) * sizeof(Offset);
  if (first <= last - first) {
    column.buffers.push_back({{reinterpret_cast<const std::byte*>(all), size}, nullptr});
    return {0, last, false};
  }
  Block block = allocate_block(size);
  auto* rebased = reinterpret_cast<Offset*>(block.bytes.data());
  for (std::int64_t i = 0; i <= part.length; ++i) rebased[i] = all[i] - first;
  column.buffers.push_back(std::move(block).freeze());
  return {first, last - first, false};
}

// The values of a fixed-width column.
Buffer Walk::fixed(const Column& column, const ArrowArray& array, const Part& part, std::uint32_t width) {
  const auto first = static_cast<std::uint64_t>(part.first);
  const auto length = static_cast<std::uint64_t>(part.length);
  if (length == 0 || width == 0) return {};
  if (first + length > (std::uint64_t{1} << 62) / width) inconsistent(column.name, "its length is absurd");
  return {{required(column, array, 1, length) + first * width, length * width}, nullptr};
}

// Adds what follows the validity; returns the part of the children that it uses.
Part Walk::data(Column& column, const ColumnFormat& format, const ArrowArray& array, const Part& part) {
  Part below{part.first, part.length, false};
  switch (format.layout) {
    case Layout::none:
    case Layout::record: break;
    case Layout::bits:
      column.buffers.push_back(part.length == 0 ? Buffer{}
                                                : bits_from(required(column, array, 1, 1), part.first, part.length));
      break;
    case Layout::fixed: column.buffers.push_back(fixed(column, array, part, format.width)); break;
    case Layout::list:
    case Layout::variable:
      below = format.offset_width == 4 ? offsets<std::int32_t>(column, array, part)
                                       : offsets<std::int64_t>(column, array, part);
      break;
  }
  if (format.layout == Layout::variable) {
    const auto size = static_cast<std::size_t>(below.length);
    column.buffers.push_back(size == 0 ? Buffer{} : Buffer{{required(column, array, 2, 1) + below.first, size}, nullptr});
  }
  return below;
}

Column Walk::column(const ArrowSchema& schema, const ArrowArray& array, Part part, std::uint32_t depth) {
  check_structs(schema, array, depth);
  Column out;
  out.name = schema.name != nullptr ? schema.name : "";
  if (part.first < 0 || part.length < 0 || part.first > array.length - part.length) {
    inconsistent(out.name, "its parent uses " + std::to_string(part.first + part.length) + " values of " +
                               std::to_string(array.length));
  }
  part.whole = part.first == 0 && part.length == array.length;
  part.first += array.offset;
  const ColumnFormat format = column_format(schema.format);

  out.format = schema.format;
  out.nullable = (schema.flags & ARROW_FLAG_NULLABLE) != 0;
  out.ordered = (schema.flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0;
  out.length = part.length;
  out.metadata = decode_metadata(schema.metadata);
  if (format.layout == Layout::none) {
    out.null_count = part.length;
  } else {
    validity(out, array, part);
  }
  const Part below = data(out, format, array, part);
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    out.children.push_back(column(*schema.children[i], *array.children[i], below, depth + 1));
  }
  if (schema.dictionary != nullptr) {
    const Part all{0, array.dictionary->length, true};
    out.dictionary = std::make_unique<Column>(column(*schema.dictionary, *array.dictionary, all, depth + 1));
  }
  return out;
}

}  // namespace

std::vector<Column> table_columns(const mortise_table& leaf) {
  if (leaf.size < sizeof(mortise_table) || leaf.schema.format == nullptr ||
      std::string_view(leaf.schema.format) != "+s") {
    throw Error(Code::invalid, "a table's struct is incomplete, or its format is not '+s'");
  }
  Column root = Walk().column(leaf.schema, leaf.array, {0, leaf.array.length, true}, 0);
  if (root.null_count != 0) throw Error(Code::invalid, "a table has nulls at the top, not only in its columns");
  return std::move(root.children);
}

std::int64_t row_count(const mortise_table& leaf) noexcept { return leaf.array.length; }

std::uint64_t column_bytes(const Column& column) noexcept {
  std::uint64_t sum = column.dictionary != nullptr ? column_bytes(*column.dictionary) : 0;
  for (const Buffer& buffer : column.buffers) sum += buffer.bytes.size();
  for (const Column& child : column.children) sum += column_bytes(child);
  return sum;
}

std::uint64_t table_bytes(const mortise_table& leaf) {
  std::uint64_t sum = 0;
  for (const Column& column : table_columns(leaf)) sum += column_bytes(column);
  return sum;
}

}  // namespace mortise::data
