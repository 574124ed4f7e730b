// Plain R vectors as columns. Doubles and integers stay where R has them; texts, flags and times are written once, into memory
// of the host's when they are long.
#include <climits>
#include <cmath>
#include <cstring>

#include "data/column_format.h"
#include "encode.h"
#include "worker.h"

namespace mortise::r {
namespace {

using data::Column;

Column column_of(std::string_view format, std::int64_t rows) {
  Column column;
  column.format = format;
  column.length = rows;
  return column;
}

// A bitmap being written, and the count of what is not set.
class Bits {
 public:
  explicit Bits(std::int64_t rows)
      : size_(data::bitmap_bytes(static_cast<std::uint64_t>(rows))), block_(memory_for(size_)), zeros_(rows) {
    if (size_ != 0) std::memset(block_.bytes.data(), 0, size_);
  }
  void set(std::int64_t row) {
    block_.bytes[static_cast<std::size_t>(row / 8)] |= std::byte{1} << row % 8;
    --zeros_;
  }
  [[nodiscard]] std::int64_t zeros() const noexcept { return zeros_; }
  [[nodiscard]] data::Buffer freeze() && { return {block_.bytes.first(size_), block_.keeper}; }

 private:
  std::size_t size_;
  data::Block block_;
  std::int64_t zeros_;
};

// The validity of a column by a question about each row; nothing is written when there is no null.
template <typename IsNull>
void set_validity(Column& column, const IsNull& is_null) {
  column.null_count = 0;
  for (std::int64_t row = 0; row < column.length; ++row) column.null_count += is_null(row) ? 1 : 0;
  column.buffers.insert(column.buffers.begin(), data::Buffer{});
  if (column.null_count == 0) return;
  Bits bits(column.length);
  for (std::int64_t row = 0; row < column.length; ++row) {
    if (!is_null(row)) bits.set(row);
  }
  column.buffers[0] = std::move(bits).freeze();
}

template <typename T>
data::Buffer in_place(const T* elements, std::int64_t count) {
  return {std::as_bytes(std::span(elements, static_cast<std::size_t>(count))), nullptr};
}

template <typename T>
struct Written {
  explicit Written(std::int64_t count)
      : size(static_cast<std::size_t>(count) * sizeof(T)),
        block(memory_for(size)),
        elements(reinterpret_cast<T*>(block.bytes.data())) {}
  [[nodiscard]] data::Buffer freeze() && { return {block.bytes.first(size), block.keeper}; }

  std::size_t size;
  data::Block block;
  T* elements;
};

}  // namespace

Column logical_column(SEXP vector) {
  Column column = column_of("b", Rf_xlength(vector));
  const int* flags = LOGICAL_RO(vector);
  Bits bits(column.length);
  for (std::int64_t row = 0; row < column.length; ++row) {
    if (flags[row] != NA_LOGICAL && flags[row] != 0) bits.set(row);
  }
  column.buffers.push_back(std::move(bits).freeze());
  set_validity(column, [&](std::int64_t row) { return flags[row] == NA_LOGICAL; });
  return column;
}

Column integer_column(SEXP vector, std::string_view format) {
  Column column = column_of(format, Rf_xlength(vector));
  const int* numbers = INTEGER_RO(vector);
  column.buffers.push_back(in_place(numbers, column.length));
  set_validity(column, [&](std::int64_t row) { return numbers[row] == NA_INTEGER; });
  return column;
}

Column real_column(SEXP vector) {
  Column column = column_of("g", Rf_xlength(vector));
  const double* numbers = REAL_RO(vector);
  column.buffers.push_back(in_place(numbers, column.length));
  set_validity(column, [&](std::int64_t row) { return R_IsNA(numbers[row]) != 0; });
  return column;
}

Column int64_column(SEXP vector, std::string_view format) {
  Column column = column_of(format, Rf_xlength(vector));
  const double* bits = REAL_RO(vector);
  column.buffers.push_back(in_place(bits, column.length));
  set_validity(column, [&](std::int64_t row) { return int64_of_bits(bits[row]) == na_int64; });
  return column;
}

Column scaled_column(SEXP vector, std::string_view format, double factor) {
  Column column = column_of(format, Rf_xlength(vector));
  const bool days = format == "tdD";
  const double* numbers = REAL_RO(vector);
  const double most = days ? 2147483647.0 : 9.2e18;
  const auto is_null = [&](std::int64_t row) {
    return !std::isfinite(numbers[row]) || !(std::fabs(numbers[row] * factor) < most);
  };
  if (days) {
    Written<std::int32_t> out(column.length);
    for (std::int64_t row = 0; row < column.length; ++row) {
      out.elements[row] = is_null(row) ? 0 : static_cast<std::int32_t>(std::floor(numbers[row]));
    }
    column.buffers.push_back(std::move(out).freeze());
  } else {
    Written<std::int64_t> out(column.length);
    for (std::int64_t row = 0; row < column.length; ++row) {
      out.elements[row] = is_null(row) ? 0 : std::llround(numbers[row] * factor);
    }
    column.buffers.push_back(std::move(out).freeze());
  }
  set_validity(column, is_null);
  return column;
}

Column text_column(SEXP vector) {
  const std::int64_t rows = Rf_xlength(vector);
  std::size_t total = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (STRING_ELT(vector, row) != NA_STRING) total += utf8_of(STRING_ELT(vector, row)).size();
  }
  const bool wide = total > INT_MAX;
  Column column = column_of(wide ? "U" : "u", rows);
  Written<char> letters(static_cast<std::int64_t>(total));
  const auto write = [&]<typename Offset>(Offset*) {
    Written<Offset> offsets(rows + 1);
    std::size_t at = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      offsets.elements[row] = static_cast<Offset>(at);
      SEXP element = STRING_ELT(vector, row);
      if (element == NA_STRING) continue;
      const std::string_view utf8 = utf8_of(element);
      if (!utf8.empty()) std::memcpy(letters.elements + at, utf8.data(), utf8.size());
      at += utf8.size();
    }
    offsets.elements[rows] = static_cast<Offset>(at);
    column.buffers.push_back(std::move(offsets).freeze());
  };
  wide ? write(static_cast<std::int64_t*>(nullptr)) : write(static_cast<std::int32_t*>(nullptr));
  column.buffers.push_back(std::move(letters).freeze());
  set_validity(column, [&](std::int64_t row) { return STRING_ELT(vector, row) == NA_STRING; });
  return column;
}

Column bytes_column(SEXP list) {
  const std::int64_t rows = Rf_xlength(list);
  Column column = column_of("Z", rows);
  Written<std::int64_t> offsets(rows + 1);
  std::int64_t total = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    offsets.elements[row] = total;
    total += Rf_xlength(VECTOR_ELT(list, row));
  }
  offsets.elements[rows] = total;
  Written<std::byte> bytes(total);
  for (std::int64_t row = 0; row < rows; ++row) {
    SEXP raw = VECTOR_ELT(list, row);
    if (raw != R_NilValue && Rf_xlength(raw) > 0) {
      std::memcpy(bytes.elements + offsets.elements[row], RAW_RO(raw), static_cast<std::size_t>(Rf_xlength(raw)));
    }
  }
  column.buffers.push_back(std::move(offsets).freeze());
  column.buffers.push_back(std::move(bytes).freeze());
  set_validity(column, [&](std::int64_t row) { return VECTOR_ELT(list, row) == R_NilValue; });
  return column;
}

Column factor_column(SEXP factor) {
  const int* codes = INTEGER_RO(factor);
  Column column = column_of("i", Rf_xlength(factor));
  Written<std::int32_t> indices(column.length);
  for (std::int64_t row = 0; row < column.length; ++row)
    indices.elements[row] = codes[row] == NA_INTEGER ? 0 : codes[row] - 1;
  column.buffers.push_back(std::move(indices).freeze());
  set_validity(column, [&](std::int64_t row) { return codes[row] == NA_INTEGER; });
  column.dictionary = std::make_unique<Column>(text_column(attribute(factor, "levels")));
  column.ordered = has_class(factor, "ordered");
  return column;
}

Column null_column(std::int64_t rows) {
  Column column = column_of("n", rows);
  column.null_count = rows;
  return column;
}

data::Buffer validity_of(std::int64_t rows, const std::vector<bool>& valid) {
  Bits bits(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    if (valid[static_cast<std::size_t>(row)]) bits.set(row);
  }
  return std::move(bits).freeze();
}

}  // namespace mortise::r
