// Proves what a reader of a column relies on. All that a stranger wrote passes here before anything looks at it.
#include <cstring>
#include <string>

#include "data/column_format.h"
#include "data/table.h"
#include "data/text.h"

namespace mortise::data {
namespace {

constexpr std::int64_t longest = std::int64_t{1} << 56;  // sizes below cannot overflow

// Whether this many values cost somebody memory: at least a bit each.
bool backed(std::uint64_t bytes, std::int64_t values) noexcept {
  constexpr std::int64_t always_fine = 1 << 24;
  return values <= always_fine || bytes >= static_cast<std::uint64_t>(values) / 8;
}

class Check {
 public:
  explicit Check(const std::string& name) : name_(name) {}

  void column(Column& column, std::uint32_t depth) {
    if (depth > max_column_depth) wrong("columns nest deeper than 32 levels");
    if (column.length < 0 || column.length > longest) wrong("its length is " + std::to_string(column.length));
    const ColumnFormat format = column_format(column.format);
    if (column.buffers.size() != buffers_of(format.layout)) {
      wrong("format '" + column.format + "' has " + std::to_string(buffers_of(format.layout)) + " buffers, got " +
            std::to_string(column.buffers.size()));
    }
    validity(column, format);
    data(column, format);
    children(column, format, depth);
    if (column.dictionary != nullptr) dictionary(column, format, depth);
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    throw Error(Code::invalid, "column '" + name_ + "': " + what).with("column", name_);
  }

  void at_least(const Column& column, std::size_t index, std::uint64_t size) const {
    const std::size_t got = column.buffers[index].bytes.size();
    if (got < size) {
      wrong("buffer " + std::to_string(index) + " of " + std::to_string(column.length) + " values of format '" +
            column.format + "' needs " + std::to_string(size) + " bytes, got " + std::to_string(got));
    }
  }

  void validity(Column& column, const ColumnFormat& format) const {
    if (format.layout == Layout::none) {
      if (column.null_count >= 0 && column.null_count != column.length) {
        wrong("all of its values are null, but its null count is " + std::to_string(column.null_count));
      }
      column.null_count = column.length;
      return;
    }
    std::int64_t nulls = 0;
    if (!column.buffers[0].bytes.empty()) {
      at_least(column, 0, bitmap_bytes(static_cast<std::uint64_t>(column.length)));
      nulls = count_zero_bits(column.buffers[0].bytes.data(), column.length);
    }
    if (column.null_count >= 0 && column.null_count != nulls) {
      wrong("its null count is " + std::to_string(column.null_count) + ", but its validity has " +
            std::to_string(nulls) + " nulls");
    }
    column.null_count = nulls;
  }

  void data(const Column& column, const ColumnFormat& format) const {
    const auto length = static_cast<std::uint64_t>(column.length);
    switch (format.layout) {
      case Layout::none:
      case Layout::record: return;
      case Layout::bits: at_least(column, 1, bitmap_bytes(length)); return;
      case Layout::fixed:
        if (format.width != 0 && length > static_cast<std::uint64_t>(longest) / format.width) {
          wrong("its length is " + std::to_string(length));
        }
        at_least(column, 1, length * format.width);
        aligned(column, 1, format.width);
        return;
      case Layout::variable: {
        const std::int64_t end = offsets(column, format);
        at_least(column, 2, static_cast<std::uint64_t>(end));
        if (format.utf8) texts(column, format);
        return;
      }
      case Layout::list: {
        const std::int64_t end = offsets(column, format);
        if (column.children.size() == 1 && column.children[0].length < end) {
          wrong("its offsets reach " + std::to_string(end) + " of " + std::to_string(column.children[0].length) +
                " items");
        }
        if (column.children.size() == 1 && !backed(column_bytes(column.children[0]), end)) {
          wrong("its lists claim " + std::to_string(end) + " items that no memory backs");
        }
        return;
      }
    }
  }

  // Only widths that processors load in one piece; others are read byte by byte.
  void aligned(const Column& column, std::size_t index, std::uint32_t width) const {
    const auto address = reinterpret_cast<std::uintptr_t>(column.buffers[index].bytes.data());
    if ((width == 2 || width == 4 || width == 8) && address % width != 0) {
      wrong("buffer " + std::to_string(index) + " is not aligned");
    }
  }

  // Rising from 0 or more; returns the last one.
  [[nodiscard]] std::int64_t offsets(const Column& column, const ColumnFormat& format) const {
    if (column.length == 0) return 0;
    at_least(column, 1, (static_cast<std::uint64_t>(column.length) + 1) * format.offset_width);
    aligned(column, 1, format.offset_width);
    return format.offset_width == 4 ? rising(column.buffers[1].as<std::int32_t>(), column.length)
                                    : rising(column.buffers[1].as<std::int64_t>(), column.length);
  }

  template <typename Offset>
  [[nodiscard]] std::int64_t rising(std::span<const Offset> all, std::int64_t length) const {
    const auto count = static_cast<std::size_t>(length);
    bool falls = all[0] < 0;
    for (std::size_t i = 0; i < count; ++i) {
      falls |= all[i + 1] < all[i];  // no branch: this runs at the speed of memory
    if (falls) wrong("its offsets do not rise");
    }
    if (all[count] > longest) wrong("its offsets reach " + std::to_string(all[count]));
    return all[count];
  }

  void texts(const Column& column, const ColumnFormat& format) const {
    if (column.length == 0) return;
    const bool good = format.offset_width == 4 ? whole_texts(column, column.buffers[1].as<std::int32_t>())
                                               : whole_texts(column, column.buffers[1].as<std::int64_t>());
    if (!good) wrong("a text is not UTF-8");
  }

  // UTF-8 as a whole, and no text begins within a character: then each is UTF-8.
  template <typename Offset>
  [[nodiscard]] static bool whole_texts(const Column& column, std::span<const Offset> offsets) noexcept {
    const auto count = static_cast<std::size_t>(column.length);
    const auto* text = reinterpret_cast<const char*>(column.buffers[2].bytes.data());
    const auto first = static_cast<std::size_t>(offsets[0]);
    const auto last = static_cast<std::size_t>(offsets[count]);
    if (first == last) return true;
    if (!is_utf8({text + first, last - first})) return false;
    bool split = false;
    for (std::size_t i = 0; i < count; ++i) {
      const auto begin = static_cast<std::size_t>(offsets[i]);
      if (begin < last) split |= (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80;
    }
    return !split;
  }

  void children(Column& column, const ColumnFormat& format, std::uint32_t depth) {
    if (format.layout == Layout::list ? column.children.size() != 1
                                      : format.layout != Layout::record && !column.children.empty()) {
      wrong("format '" + column.format + "' with " + std::to_string(column.children.size()) + " children");
    }
    for (Column& child : column.children) {
      if (format.layout == Layout::record && child.length != column.length) {
        wrong("its field '" + child.name + "' has " + std::to_string(child.length) + " values of " +
              std::to_string(column.length));
      }
      this->column(child, depth + 1);
    }
  }

  void dictionary(Column& column, const ColumnFormat& format, std::uint32_t depth) {
    if (!format.index) wrong("the indices of a dictionary have the format '" + column.format + "'");
    this->column(*column.dictionary, depth + 1);
    bool inside = true;
    const std::int64_t size = column.dictionary->length;
    switch (column.format[0]) {
      case 'c': inside = within<std::int8_t>(column, size); break;
      case 'C': inside = within<std::uint8_t>(column, size); break;
      case 's': inside = within<std::int16_t>(column, size); break;
      case 'S': inside = within<std::uint16_t>(column, size); break;
      case 'i': inside = within<std::int32_t>(column, size); break;
      case 'I': inside = within<std::uint32_t>(column, size); break;
      case 'l': inside = within<std::int64_t>(column, size); break;
      default: inside = within<std::uint64_t>(column, size); break;
    }
    if (!inside) wrong("an index lies outside its dictionary of " + std::to_string(size));
  }

  // Indices of nulls may be anything.
  template <typename Index>
  [[nodiscard]] static bool within(const Column& column, std::int64_t size) noexcept {
    const auto indices = column.buffers[1].as<Index>();
    const auto limit = static_cast<std::uint64_t>(size);
    const auto count = static_cast<std::size_t>(column.length);
    bool outside = false;
    for (std::size_t i = 0; i < count; ++i) outside |= static_cast<std::uint64_t>(indices[i]) >= limit;
    if (!outside || column.null_count == 0) return !outside;
    const std::byte* valid = column.buffers[0].bytes.data();
    for (std::size_t i = 0; i < count; ++i) {
      if (static_cast<std::uint64_t>(indices[i]) >= limit && bit_at(valid, static_cast<std::int64_t>(i))) return false;
    }
    return true;
  }

  const std::string& name_;
};

}  // namespace

void check_column(Column& column, std::int64_t rows) {
  if (column.length != rows) {
    throw Error(Code::invalid, "column '" + column.name + "' has " + std::to_string(column.length) +
                                   " values in a table of " + std::to_string(rows) + " rows")
        .with("column", column.name);
  }
  Check(column.name).column(column, 1);
}

void check_rows(const std::vector<Column>& columns, std::int64_t rows) {
  std::uint64_t bytes = 0;
  for (const Column& column : columns) bytes += column_bytes(column);
  if (!backed(bytes, rows)) {
    throw Error(Code::invalid, "a table claims " + std::to_string(rows) + " rows that no memory backs");
  }
}

}  // namespace mortise::data
