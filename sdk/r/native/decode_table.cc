// Tables as data frames, column by column: a view where R's memory and Arrow's agree, else one copy.
#include <climits>
#include <cstring>
#include <set>

#include "data/column_format.h"
#include "decode.h"
#include "views.h"
#include "worker.h"
#include "zones.h"

namespace mortise::r {
namespace {

using data::Column;

data::Buffer validity_of(const Column& column) {
  return column.null_count != 0 && !column.buffers.empty() ? column.buffers[0] : data::Buffer{};
}

bool is_null(const Column& column, std::int64_t row) {
  const bool known = column.null_count != 0 && !column.buffers.empty() && !column.buffers[0].bytes.empty();
  return column.format == "n" || (known && !data::bit_at(column.buffers[0].bytes.data(), row));
}

View view_of(const Column& column, Source source, double divisor = 1) {
  return {column.buffers[1], validity_of(column), source, column.length, divisor};
}

void count(const Column& column) {
  const std::uint64_t bytes = data::column_bytes(column);
  if (bytes > (64 << 10)) count_copied(bytes);
}

SEXP logicals(const Column& column) {
  SEXP all = allocate(LGLSXP, column.length);
  for (std::int64_t row = 0; row < column.length; ++row) {
    LOGICAL(all)[row] = is_null(column, row) ? NA_LOGICAL : data::bit_at(column.buffers[1].bytes.data(), row);
  }
  count(column);
  return all;
}

struct Offsets {
  const Column& column;
  bool wide;

  [[nodiscard]] std::int64_t operator[](std::int64_t row) const {
    if (column.buffers[1].bytes.empty()) return 0;  // no rows
    const auto at = static_cast<std::size_t>(row);
    return wide ? column.buffers[1].as<std::int64_t>()[at] : column.buffers[1].as<std::int32_t>()[at];
  }
};

Offsets offsets_of(const Column& column) {
  return {column, column.format == "U" || column.format == "Z" || column.format == "+L"};
}

std::string_view piece(const Column& column, const Offsets& offsets, std::int64_t row) {
  const std::int64_t from = offsets[row];
  const auto size = static_cast<std::size_t>(offsets[row + 1] - from);
  return {reinterpret_cast<const char*>(column.buffers[2].bytes.data()) + from, size};
}

SEXP texts(const Column& column) {
  const Offsets offsets = offsets_of(column);
  const Shield all(allocate(STRSXP, column.length));
  for (std::int64_t row = 0; row < column.length; ++row) {
    SET_STRING_ELT(all, row, is_null(column, row) ? NA_STRING : text_element(piece(column, offsets, row)));
  }
  count(column);
  return all;
}

template <typename Piece>
SEXP raws(const Column& column, const Piece& piece_at) {
  const Shield all(allocate(VECSXP, column.length));
  for (std::int64_t row = 0; row < column.length; ++row) {
    if (is_null(column, row)) continue;
    const std::string_view bytes = piece_at(row);
    SEXP raw = allocate(RAWSXP, static_cast<R_xlen_t>(bytes.size()));
    SET_VECTOR_ELT(all, row, raw);
    if (!bytes.empty()) std::memcpy(RAW(raw), bytes.data(), bytes.size());
  }
  count(column);
  return all;
}

SEXP bytes(const Column& column) {
  const Offsets offsets = offsets_of(column);
  return raws(column, [&](std::int64_t row) { return piece(column, offsets, row); });
}

SEXP fixed_bytes(const Column& column) {
  const auto width = static_cast<std::size_t>(std::stoul(column.format.substr(2)));
  const auto* data = reinterpret_cast<const char*>(column.buffers[1].bytes.data());
  return raws(column,
              [&](std::int64_t row) { return std::string_view(data + static_cast<std::size_t>(row) * width, width); });
}

SEXP decimals(const Column& column) {
  __extension__ using Int128 = __int128;
  long double divisor = 1;
  const int scale = std::stoi(column.format.substr(column.format.find(',') + 1));
  for (int i = 0; i < scale; ++i) divisor *= 10;
  for (int i = 0; i > scale; --i) divisor /= 10;
  SEXP all = allocate(REALSXP, column.length);
  for (std::int64_t row = 0; row < column.length; ++row) {
    Int128 number;
    std::memcpy(&number, column.buffers[1].bytes.data() + static_cast<std::size_t>(row) * sizeof number, sizeof number);
    REAL(all)[row] = is_null(column, row) ? NA_REAL : static_cast<double>(static_cast<long double>(number) / divisor);
  }
  count(column);
  return all;
}

// Units a second of the letter in tts, tsm, tDu ...
double units(char letter) { return letter == 's' ? 1 : letter == 'm' ? 1e3 : letter == 'u' ? 1e6 : 1e9; }

SEXP spans(const Column& column) {
  const bool narrow = column.format == "tts" || column.format == "ttm";
  const Shield all(make_real_view(view_of(column, narrow ? Source::i32 : Source::i64, units(column.format[2]))));
  set_class(all, {"difftime"});
  set_attribute(all, "units", Shield(text("secs")));
  return all;
}

SEXP instants(const Column& column) {
  const Shield all(make_real_view(view_of(column, Source::i64, units(column.format[2]))));
  set_class(all, {"POSIXct", "POSIXt"});
  set_attribute(all, "tzone", Shield(text(zone_in_r(column.format.substr(4)))));
  return all;
}

SEXP dates(const Column& column) {
  const bool days = column.format == "tdD";
  const Shield all(days ? make_integer_view(view_of(column, Source::i32))
                        : make_real_view(view_of(column, Source::i64, 86'400'000)));
  set_class(all, {"Date"});
  return all;
}

SEXP int32s(const Column& column) {
  for (std::int64_t row = 0; row < column.length; ++row) {  // R takes this one for NA
    if (column.buffers[1].as<std::int32_t>()[static_cast<std::size_t>(row)] == INT_MIN && !is_null(column, row)) {
      return make_real_view(view_of(column, Source::i32));
    }
  }
  return make_integer_view(view_of(column, Source::i32));
}

SEXP uint64s(const Column& column) {
  for (const std::uint64_t number : column.buffers[1].as<std::uint64_t>()) {
    if (number > static_cast<std::uint64_t>(INT64_MAX)) return make_real_view(view_of(column, Source::u64));
  }
  return decode_int64s(column.buffers[1], validity_of(column), column.length);
}

std::int64_t index_at(const Column& column, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  const data::Buffer& values = column.buffers[1];
  switch (column.format[0]) {
    case 'c': return values.as<std::int8_t>()[at];
    case 'C': return values.as<std::uint8_t>()[at];
    case 's': return values.as<std::int16_t>()[at];
    case 'S': return values.as<std::uint16_t>()[at];
    case 'i': return values.as<std::int32_t>()[at];
    case 'I': return values.as<std::uint32_t>()[at];
    default: return values.as<std::int64_t>()[at];
  }
}

SEXP decode_column(const Column& column);

// Levels of a factor are texts, each once, and none is missing.
bool can_be_levels(const Column& dictionary) {
  if ((dictionary.format != "u" && dictionary.format != "U") || dictionary.null_count != 0) return false;
  std::set<std::string_view> seen;
  const Offsets offsets = offsets_of(dictionary);
  for (std::int64_t row = 0; row < dictionary.length; ++row) {
    if (!seen.insert(piece(dictionary, offsets, row)).second) return false;
  }
  return true;
}

SEXP looked_up(const Column& column) {
  const Shield words(decode_column(*column.dictionary));
  const Shield codes(allocate(INTSXP, column.length));
  for (std::int64_t row = 0; row < column.length; ++row) {
    INTEGER(codes)[row] = is_null(column, row) ? NA_INTEGER : static_cast<int>(index_at(column, row) + 1);
  }
  count(column);
  if (!can_be_levels(*column.dictionary)) return call_package(".picked", {words, codes});
  set_attribute(codes, "levels", words);
  column.dictionary->ordered || column.ordered ? set_class(codes, {"ordered", "factor"}) : set_class(codes, {"factor"});
  return codes;
}

SEXP valid_rows(const Column& column) {
  SEXP valid = allocate(LGLSXP, column.length);
  for (std::int64_t row = 0; row < column.length; ++row) LOGICAL(valid)[row] = !is_null(column, row);
  return valid;
}

SEXP lists(const Column& column) {
  const Offsets offsets = offsets_of(column);
  const Shield items(decode_column(column.children[0]));
  const Shield bounds(allocate(REALSXP, column.length + 1));
  for (std::int64_t row = 0; row <= column.length; ++row) REAL(bounds)[row] = static_cast<double>(offsets[row]);
  const Shield valid(valid_rows(column));
  return call_package(".slices", {items, bounds, valid});
}

SEXP records(const Column& column) {
  const Shield fields(allocate(VECSXP, static_cast<R_xlen_t>(column.children.size())));
  const Shield names(allocate(STRSXP, static_cast<R_xlen_t>(column.children.size())));
  R_xlen_t at = 0;
  for (const Column& child : column.children) {
    SET_STRING_ELT(names, at, text_element(child.name));
    SET_VECTOR_ELT(fields, at++, decode_column(child));
  }
  safely([&] { return Rf_setAttrib(fields, R_NamesSymbol, names); });
  const Shield valid(valid_rows(column));
  return call_package(".records", {fields, valid});
}

SEXP nulls(const Column& column) {
  SEXP all = allocate(LGLSXP, column.length);
  std::fill_n(LOGICAL(all), column.length, NA_LOGICAL);
  return all;
}

SEXP decode_column(const Column& column) {
  const std::string& format = column.format;
  if (column.dictionary != nullptr) return looked_up(column);
  if (format == "n") return nulls(column);
  if (format == "b") return logicals(column);
  if (format == "c") return make_integer_view(view_of(column, Source::i8));
  if (format == "C") return make_integer_view(view_of(column, Source::u8));
  if (format == "s") return make_integer_view(view_of(column, Source::i16));
  if (format == "S") return make_integer_view(view_of(column, Source::u16));
  if (format == "i") return int32s(column);
  if (format == "I") return make_real_view(view_of(column, Source::u32));
  if (format == "l") return decode_int64s(column.buffers[1], validity_of(column), column.length);
  if (format == "L") return uint64s(column);
  if (format == "e") return make_real_view(view_of(column, Source::f16));
  if (format == "f") return make_real_view(view_of(column, Source::f32));
  if (format == "g") return make_real_view(view_of(column, Source::f64));
  if (format == "u" || format == "U") return texts(column);
  if (format == "z" || format == "Z") return bytes(column);
  if (format.starts_with("w:")) return fixed_bytes(column);
  if (format.starts_with("d:")) return decimals(column);
  if (format.starts_with("td")) return dates(column);
  if (format.starts_with("tt") || format.starts_with("tD")) return spans(column);
  if (format.starts_with("ts")) return instants(column);
  if (format == "+l" || format == "+L") return lists(column);
  if (format == "+s") return records(column);
  throw Error(Code::unsupported, "a column of format '" + format + "'");
}

// Every buffer keeps the table alive.
void hold(Column& column, const std::shared_ptr<const void>& table) {
  for (data::Buffer& buffer : column.buffers) buffer.keeper = table;
  for (Column& child : column.children) hold(child, table);
  if (column.dictionary != nullptr) hold(*column.dictionary, table);
}

void set_rows(SEXP frame, std::int64_t rows) {
  const Shield names(allocate(INTSXP, 2));  // R's short form for 1 to so many
  INTEGER(names)[0] = NA_INTEGER;
  INTEGER(names)[1] = -static_cast<int>(rows);
  safely([&] { return Rf_setAttrib(frame, R_RowNamesSymbol, names); });
}

}  // namespace

SEXP decode_table(const Value& value, Arrivals& arrivals) {
  const mortise_table& leaf = value.as_table();
  const std::int64_t rows = data::row_count(leaf);
  if (rows > INT_MAX) {
    throw Error(Code::unsupported, "a table of " + std::to_string(rows) + " rows; a data frame has at most 2147483647",
                "send it in parts");
  }
  const auto keeper = std::make_shared<const Value>(value);
  std::vector<Column> columns = data::table_columns(leaf);
  const Shield frame(allocate(VECSXP, static_cast<R_xlen_t>(columns.size())));
  const Shield names(allocate(STRSXP, static_cast<R_xlen_t>(columns.size())));
  R_xlen_t at = 0;
  for (Column& column : columns) {
    hold(column, keeper);
    SET_STRING_ELT(names, at, text_element(column.name));
    const auto kept = std::make_shared<const Column>(std::move(column));
    const bool lazy = kept->dictionary == nullptr && (kept->format == "u" || kept->format == "U");
    SEXP vector = lazy ? make_text_view(kept, texts) : decode_column(*kept);
    SET_VECTOR_ELT(frame, at++, vector);
    arrivals.keep(vector, {{}, kept});
  }
  safely([&] { return Rf_setAttrib(frame, R_NamesSymbol, names); });
  set_class(frame, {"data.frame"});
  set_rows(frame, rows);
  return frame;
}

}  // namespace mortise::r
