#include "lib/rows.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "lib/arrow_status.h"
#include "lib/json_text.h"
#include "lib/options.h"
#include "lib/table.h"
#include "lib/text_builder.h"
#include "lib/text_type.h"

namespace mortise::plugins {
namespace {

using Values = std::vector<const Value*>;  // one column; a null pointer is a missing value
using Type = std::shared_ptr<arrow::DataType>;

constexpr std::int64_t exact_limit = std::int64_t{1} << 53;

// Which kinds a column has.
struct Census {
  bool any[MORTISE_KIND_TABLE + 1] = {};
  bool wide_integer = false;
  int kinds = 0;

  explicit Census(const Values& values) {
    for (const Value* value : values) {
      if (value == nullptr || value->is_null()) continue;
      bool& seen = any[static_cast<std::size_t>(value->kind())];
      kinds += seen ? 0 : 1;
      seen = true;
      if (value->is(Kind::int64) && (value->as_int64() > exact_limit || value->as_int64() < -exact_limit)) {
        wide_integer = true;
      }
    }
  }
  [[nodiscard]] bool only(Kind kind) const { return kinds == 1 && any[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] bool only_numbers() const {
    return kinds == 2 && any[MORTISE_KIND_INT64] && any[MORTISE_KIND_FLOAT64] && !wide_integer;
  }
};

// The keys of all maps, in the order in which they first appear, with the column under each.
struct Fields {
  std::vector<std::string> names;
  std::vector<Values> columns;

  explicit Fields(const Values& maps) {
    std::unordered_map<std::string_view, std::size_t> known;
    for (std::size_t row = 0; row < maps.size(); ++row) {
      if (maps[row] == nullptr || maps[row]->is_null()) continue;
      for (const Member& member : maps[row]->members()) {
        const auto [at, fresh] = known.try_emplace(member.key(), names.size());
        if (fresh) {
          names.emplace_back(member.key());
          columns.emplace_back(maps.size(), nullptr);
        }
        columns[at->second][row] = &member.value();
      }
    }
  }
};

Values items_of(const Values& lists) {
  Values items;
  for (const Value* list : lists) {
    if (list == nullptr || list->is_null()) continue;
    for (const Value& item : list->items()) items.push_back(&item);
  }
  return items;
}

Type type_of(const Values& values) {
  const Census census(values);
  if (census.only(Kind::boolean)) return arrow::boolean();
  if (census.only(Kind::int64)) return arrow::int64();
  if (census.only(Kind::float64) || census.only_numbers()) return arrow::float64();
  if (census.only(Kind::time)) return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  if (census.only(Kind::bytes)) return arrow::binary();
  if (census.only(Kind::list)) return arrow::list(type_of(items_of(values)));
  if (census.only(Kind::map)) {
    const Fields fields(values);
    if (fields.names.empty()) return arrow::utf8();  // a struct without fields holds nothing; keep "{}"
    arrow::FieldVector types;
    for (std::size_t i = 0; i < fields.names.size(); ++i) {
      types.push_back(arrow::field(fields.names[i], type_of(fields.columns[i])));
    }
    return arrow::struct_(types);
  }
  return arrow::utf8();
}

template <typename Builder>
Builder& as(arrow::ArrayBuilder& builder) {
  return static_cast<Builder&>(builder);
}

void append(arrow::ArrayBuilder& builder, const Value* value);

void append_map(arrow::StructBuilder& builder, const Value& map) {
  check(builder.Append(), "making a table of rows");
  const Type type = builder.type();
  for (int i = 0; i < type->num_fields(); ++i) append(*builder.field_builder(i), map.find(type->field(i)->name()));
}

void append(arrow::ArrayBuilder& builder, const Value* value) {
  constexpr auto doing = "making a table of rows";
  if (value == nullptr || value->is_null()) return check(builder.AppendNull(), doing);
  switch (builder.type()->id()) {
    case arrow::Type::BOOL: return check(as<arrow::BooleanBuilder>(builder).Append(value->as_bool()), doing);
    case arrow::Type::INT64: return check(as<arrow::Int64Builder>(builder).Append(value->as_int64()), doing);
    case arrow::Type::DOUBLE: return check(as<arrow::DoubleBuilder>(builder).Append(value->as_float64()), doing);
    case arrow::Type::TIMESTAMP:
      return check(as<arrow::TimestampBuilder>(builder).Append(value->as_time().nanoseconds), doing);
    case arrow::Type::BINARY: return check(as<arrow::BinaryBuilder>(builder).Append(value->as_bytes()), doing);
    case arrow::Type::STRUCT: return append_map(as<arrow::StructBuilder>(builder), *value);
    case arrow::Type::LIST:
      check(as<arrow::ListBuilder>(builder).Append(), doing);
      for (const Value& item : value->items()) append(*as<arrow::ListBuilder>(builder).value_builder(), &item);
      return;
    default:
      if (value->is(Kind::string)) return check(as<arrow::StringBuilder>(builder).Append(value->as_string()), doing);
      return check(as<arrow::StringBuilder>(builder).Append(json_text(*value)), doing);
  }
}

std::shared_ptr<arrow::Array> dated(const Values& values) {
  TextType guess;
  for (const Value* value : values) {
    if (value != nullptr && !value->is_null()) guess.add(value->as_string());
  }
  const ColumnType type = guess.type();
  if (type != ColumnType::date && type != ColumnType::time && type != ColumnType::zoned_time) return nullptr;
  TextBuilder builder(type, guess.decimals_of_second());
  for (const Value* value : values) {
    if (value == nullptr || value->is_null()) {
      builder.append_null();
    } else if (!builder.append(value->as_string())) {
      return nullptr;  // a time that the unit cannot hold
    }
  }
  return builder.finish();
}

std::shared_ptr<arrow::Array> array_of(const Values& values, TextDates dates) {
  if (dates == TextDates::infer && Census(values).only(Kind::string)) {
    if (auto array = dated(values)) return array;
  }
  const Type type = type_of(values);
  auto builder = must(arrow::MakeBuilder(type), "making a table of rows");
  check(builder->Reserve(static_cast<std::int64_t>(values.size())), "making a table of rows");
  for (const Value* value : values) append(*builder, value);
  return must(builder->Finish(), "making a table of rows");
}

Batch of_rows(const Value& rows, std::string_view what, TextDates dates) {
  Values maps;
  for (const Value& row : rows.items()) {
    if (!row.is(Kind::map)) {
      throw wrong_option(std::string(what) + "[" + std::to_string(maps.size()) + "]", "a row (a map of columns)", row);
    }
    maps.push_back(&row);
  }
  const Fields fields(maps);
  std::vector<NamedArray> columns;
  for (std::size_t i = 0; i < fields.names.size(); ++i) {
    columns.push_back({fields.names[i], array_of(fields.columns[i], dates)});
  }
  return make_batch(columns, static_cast<std::int64_t>(maps.size()));
}

Batch of_columns(const Value& map, std::string_view what, TextDates dates) {
  std::vector<NamedArray> columns;
  const std::size_t rows = map.members()[0].value().size();
  for (const Member& member : map.members()) {
    const std::string place = std::string(what) + "." + std::string(member.key());
    if (member.value().size() != rows) {
      throw Error(Code::invalid,
                  place + " has " + std::to_string(member.value().size()) + " values, and " +
                      std::string(map.members()[0].key()) + " has " + std::to_string(rows),
                  "all columns of a table are equally long");
    }
    Values values;
    for (const Value& value : member.value().items()) values.push_back(&value);
    columns.push_back({std::string(member.key()), array_of(values, dates)});
  }
  return make_batch(columns, static_cast<std::int64_t>(rows));
}

bool has_only_lists(const Value& map) {
  for (const Member& member : map.members()) {
    if (!member.value().is(Kind::list)) return false;
  }
  return map.size() > 0;
}

}  // namespace

Batch table_of_rows(const Value& value, std::string_view what, TextDates dates) {
  if (value.is(Kind::list)) return of_rows(value, what, dates);
  if (value.is(Kind::map)) {
    const Value* rows = value.find("rows");
    if (rows != nullptr && rows->is(Kind::table)) return read_table(*rows, what);
    if (rows != nullptr && rows->is(Kind::list)) return of_rows(*rows, std::string(what) + ".rows", dates);
    if (has_only_lists(value)) return of_columns(value, what, dates);
  }
  throw wrong_option(std::string(what), "a table, a list of rows, or a map with 'rows'", value);
}

}  // namespace mortise::plugins
