// Data frames as tables.
#include <algorithm>

#include "encode.h"
#include "worker.h"

namespace mortise::r {
namespace {

using data::Column;

Column clone(const Column& column) {
  Column copy;
  copy.name = column.name;
  copy.format = column.format;
  copy.nullable = column.nullable;
  copy.ordered = column.ordered;
  copy.length = column.length;
  copy.null_count = column.null_count;
  copy.buffers = column.buffers;
  for (const Column& child : column.children) copy.children.push_back(clone(child));
  if (column.dictionary != nullptr) copy.dictionary = std::make_unique<Column>(clone(*column.dictionary));
  copy.metadata = column.metadata;
  return copy;
}

std::int64_t rows_of(SEXP frame) {
  const Shield rows(call_package(".row_count", {frame}));
  return static_cast<std::int64_t>(Rf_asReal(rows));
}

std::string zone_of(SEXP times) {
  SEXP zone = attribute(times, "tzone");
  if (TYPEOF(zone) != STRSXP || Rf_xlength(zone) == 0) return "UTC";
  const std::string_view name = utf8_of(STRING_ELT(zone, 0));
  return name.empty() || name == "GMT" ? "UTC" : std::string(name);
}

bool has_exact_ns(SEXP times) {
  SEXP exact = attribute(times, "ns");
  if (TYPEOF(exact) != REALSXP || TYPEOF(times) != REALSXP || Rf_xlength(exact) != Rf_xlength(times)) return false;
  for (R_xlen_t row = 0; row < Rf_xlength(times); ++row) {
    const std::int64_t ns = int64_of_bits(REAL_ELT(exact, row));
    const double seconds = REAL_ELT(times, row);
    if (ns == na_int64 ? !ISNAN(seconds) : static_cast<double>(ns) / 1e9 != seconds) return false;
  }
  return true;
}

bool all_raw(SEXP list) {
  bool any = false;
  for (R_xlen_t row = 0; row < Rf_xlength(list); ++row) {
    const SEXPTYPE type = TYPEOF(VECTOR_ELT(list, row));
    if (type != NILSXP && type != RAWSXP) return false;
    any = any || type == RAWSXP;
  }
  return any;
}

// Rows that are lists with names become records.
bool all_named(SEXP list) {
  bool any = false;
  for (R_xlen_t row = 0; row < Rf_xlength(list); ++row) {
    SEXP item = VECTOR_ELT(list, row);
    if (item == R_NilValue) continue;
    if (TYPEOF(item) != VECSXP || Rf_getAttrib(item, R_NamesSymbol) == R_NilValue) return false;
    any = true;
  }
  return any;
}

void check_column_shape(SEXP vector, std::int64_t rows, const Place& place) {
  SEXP sizes = Rf_getAttrib(vector, R_DimSymbol);
  if (sizes != R_NilValue && Rf_xlength(sizes) > 1) {
    throw Error(Code::plugin, place.words() + " is a matrix, not a column",
                "use a column for each of its columns: data.frame(x)");
  }
  if (Rf_xlength(vector) == rows) return;
  throw Error(Code::plugin, place.words() + " has " + std::to_string(Rf_xlength(vector)) + " elements in a table of " +
                                std::to_string(rows) + " rows");
}

Column raw_column(SEXP vector) {
  Column column;
  column.format = "C";
  column.length = Rf_xlength(vector);
  const auto size = static_cast<std::size_t>(column.length);
  column.buffers = {data::Buffer{}, {{reinterpret_cast<const std::byte*>(RAW_RO(vector)), size}, nullptr}};
  return column;
}

}  // namespace

Value Encoder::encode_frame(SEXP frame, const Place& place) {
  const std::int64_t rows = rows_of(frame);
  const Shield names(Rf_getAttrib(frame, R_NamesSymbol));
  std::vector<Column> columns;
  for (R_xlen_t at = 0; at < Rf_xlength(frame); ++at) {
    if (TYPEOF(names) != STRSXP || STRING_ELT(names, at) == NA_STRING)
      throw Error(Code::plugin, place.words() + " has a column without a name");
    const std::string_view name = utf8_of(STRING_ELT(names, at));
    if (std::ranges::any_of(columns, [&](const Column& column) { return column.name == name; })) {
      throw Error(Code::plugin, place.words() + " has two columns '" + std::string(name) + "'",
                  "make.unique(names(x)) names them apart");
    }
    columns.push_back(encode_column(VECTOR_ELT(frame, at), name, rows, {&place, name}, 0));
  }
  return data::make_table(rows, std::move(columns));
}

Column Encoder::encode_column(SEXP vector, std::string_view name, std::int64_t rows, const Place& place, int depth) {
  if (depth > 30) throw Error(Code::plugin, place.words() + " nests more than 32 columns deep");
  const Arrivals::Arrival* arrival = depth == 0 ? arrivals_.find(vector) : nullptr;
  Column column;
  if (arrival != nullptr && arrival->column != nullptr) {
    column = clone(*arrival->column);
  } else {
    held_.keep(vector);
    SEXP plain = plain_column(vector);
    check_column_shape(plain, rows, place);
    column =
        TYPEOF(plain) == VECSXP ? encode_list_column(plain, rows, place, depth) : encode_vector_column(plain, place);
  }
  column.name = name;
  return column;
}

// What R has in several forms, in the one that the rest knows.
SEXP Encoder::plain_column(SEXP vector) {
  if (has_class(vector, "data.frame")) return held_.keep(call_package(".as_rows", {vector}));
  if (has_class(vector, "POSIXlt")) return held_.keep(call_package(".as_instants", {vector}));
  const bool whole = TYPEOF(vector) == INTSXP && (has_class(vector, "POSIXct") || has_class(vector, "difftime"));
  return whole ? held_.keep(call_package(".as_doubles", {vector})) : vector;
}

Column Encoder::encode_vector_column(SEXP vector, const Place& place) {
  switch (TYPEOF(vector)) {
    case LGLSXP: return logical_column(vector);
    case STRSXP: return text_column(vector);
    case RAWSXP: return raw_column(vector);
    case INTSXP:
      if (has_class(vector, "factor")) return factor_column(vector);
      return integer_column(vector, has_class(vector, "Date") ? "tdD" : "i");
    case REALSXP: break;
    default: throw Error(Code::plugin, place.words() + ": a column of '" + name_of_type(vector) + "' cannot cross");
  }
  if (has_class(vector, "integer64")) return int64_column(vector, "l");
  if (has_class(vector, "Date")) return scaled_column(vector, "tdD", 1);
  if (has_class(vector, "difftime")) {
    return scaled_column(held_.keep(call_package(".as_seconds", {vector})), "tDu", 1e6);
  }
  if (!has_class(vector, "POSIXct")) return real_column(vector);
  if (has_exact_ns(vector)) return int64_column(attribute(vector, "ns"), "tsn:" + zone_of(vector));
  return scaled_column(vector, "tsu:" + zone_of(vector), 1e6);
}

// Raw vectors, records of named lists, or lists of one type.
Column Encoder::encode_list_column(SEXP list, std::int64_t rows, const Place& place, int depth) {
  std::vector<bool> valid(static_cast<std::size_t>(rows));
  for (std::int64_t row = 0; row < rows; ++row) {
    valid[static_cast<std::size_t>(row)] = VECTOR_ELT(list, row) != R_NilValue;
  }
  const std::int64_t nulls = std::ranges::count(valid, false);
  if (nulls == rows) return null_column(rows);
  if (all_raw(list)) return bytes_column(list);
  Column column = all_named(list) ? encode_records(list, rows, place, depth) : encode_lists(list, rows, place, depth);
  column.length = rows;
  column.null_count = nulls;
  column.buffers.insert(column.buffers.begin(), nulls != 0 ? validity_of(rows, valid) : data::Buffer{});
  return column;
}

Column Encoder::encode_records(SEXP list, std::int64_t rows, const Place& place, int depth) {
  Column column;
  column.format = "+s";
  SEXP fields = held_.keep(call_package(".fields_of", {list}));
  const Shield names(Rf_getAttrib(fields, R_NamesSymbol));
  for (R_xlen_t at = 0; at < Rf_xlength(fields); ++at) {
    const std::string_view field = utf8_of(STRING_ELT(names, at));
    column.children.push_back(encode_column(VECTOR_ELT(fields, at), field, rows, {&place, field}, depth + 1));
  }
  return column;
}

Column Encoder::encode_lists(SEXP list, std::int64_t rows, const Place& place, int depth) {
  SEXP items = held_.keep(call_package(".flat", {list}));
  const std::size_t size = static_cast<std::size_t>(rows + 1) * sizeof(std::int64_t);
  data::Block block = memory_for(size);
  auto* offsets = reinterpret_cast<std::int64_t*>(block.bytes.data());
  offsets[0] = 0;
  for (std::int64_t row = 0; row < rows; ++row) offsets[row + 1] = offsets[row] + Rf_xlength(VECTOR_ELT(list, row));
  Column column;
  column.format = "+L";
  column.buffers.push_back({block.bytes.first(size), block.keeper});
  column.children.push_back(encode_column(items, "item", Rf_xlength(items), {&place, "item"}, depth + 1));
  return column;
}

}  // namespace mortise::r
