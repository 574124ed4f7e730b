#include "transform/values.h"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "aggregate/aggregate.h"
#include "filter/filter.h"
#include "lib/arrow_status.h"
#include "lib/cells.h"
#include "lib/evaluate.h"
#include "lib/suggest.h"
#include "lib/text_builder.h"

namespace mortise::plugins {
namespace {

namespace cp = arrow::compute;

// ---- map

Expression function_of_field(const Options& options) {
  Expression field = Expression::of_column(options.required_text("field"));
  const std::string name = options.choice("function", {"", "uppercase", "lowercase", "upper", "lower", "trim", "length",
                                                       "abs", "round", "year", "month", "day"});
  if (name.empty()) {
    throw Error(Code::invalid, options.path("function") + " is required with 'field'",
                "or give `columns: {name: expression}`")
        .with("key", options.path("function"));
  }
  if (name == "round") return Expression::of_call("round", {std::move(field), Expression::of_literal(Value(0))});
  const std::string known = name == "uppercase" ? "upper" : name == "lowercase" ? "lower" : name;
  return Expression::of_call(known, {std::move(field)});
}

class Map : public Operation {
 public:
  explicit Map(const Options& options) {
    const Options columns = options.map("columns");
    if (!columns.value().is_null()) {
      for (const Member& member : columns.value().members()) {
        const std::string key = columns.path(member.key());
        made_.push_back({std::string(member.key()), parse_expression(columns.required_text(member.key()), key), key});
      }
    } else if (options.find("expression") != nullptr) {
      const std::string key = options.path("expression");
      made_.push_back(
          {options.required_text("field"), parse_expression(options.required_text("expression"), key), key});
    } else {
      made_.push_back({options.required_text("field"), function_of_field(options), options.path("function")});
    }
  }
  // Each sees the columns as they were before.
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override {
    prepare_compute();
    std::vector<NamedArray> columns;
    columns.reserve(static_cast<std::size_t>(batch->num_columns()) + made_.size());
    for (int i = 0; i < batch->num_columns(); ++i) columns.push_back({batch->column_name(i), batch->column(i)});
    for (const Made& made : made_) {
      auto array = evaluate(made.expression, *batch, made.key);
      const auto old = std::find_if(columns.begin(), columns.end(),
                                    [&](const NamedArray& known) { return known.name == made.name; });
      if (old != columns.end()) {
        old->array = std::move(array);
      } else {
        columns.push_back({made.name, std::move(array)});
      }
    }
    return make_batch(columns, batch->num_rows());
  }

 private:
  struct Made {
    std::string name;
    Expression expression;
    std::string key;
  };
  std::vector<Made> made_;
};

// ---- convert

class Convert : public Operation {
 public:
  explicit Convert(const Options& options) {
    const Options types = options.map("types");
    if (types.value().is_null()) {
      throw Error(Code::invalid, options.path("types") + " is required", "for example types: {zip: text}")
          .with("key", options.path("types"));
    }
    for (const Member& member : types.value().members()) {
      const std::string wanted = types.required_text(member.key());
      const auto type = column_type_named(wanted);
      if (!type) {
        throw Error(Code::invalid, types.path(member.key()) + ": there is no type '" + wanted + "'",
                    suggestion(wanted, {"text", "int64", "float64", "bool", "date", "timestamp", "timestamp_utc"}))
            .with("key", types.path(member.key()))
            .with("got", wanted);
      }
      types_.emplace_back(member.key(), *type);
    }
  }
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t first_row) const override {
    std::vector<NamedArray> columns;
    columns.reserve(static_cast<std::size_t>(batch->num_columns()));
    for (int i = 0; i < batch->num_columns(); ++i) columns.push_back({batch->column_name(i), batch->column(i)});
    for (const auto& [name, type] : types_) {
      NamedArray& made = columns[static_cast<std::size_t>(column_index(*batch, name))];
      made.array = convert(*made.array, type, name, first_row);
    }
    return make_batch(columns, batch->num_rows());
  }

 private:
  // By way of text, so that a value either is of the type or is named; a whole float64 is an int64.
  static std::shared_ptr<arrow::Array> convert(const arrow::Array& array, ColumnType type, const std::string& name,
                                               std::int64_t first_row) {
    TextBuilder builder(type, 9, 0);
    for (std::int64_t row = 0; row < array.length(); ++row) {
      if (array.type_id() == arrow::Type::NA || array.IsNull(row)) {
        builder.append_null();
        continue;
      }
      std::string text = cell_text(array, row);
      if (type == ColumnType::integer && text.ends_with(".0")) text.resize(text.size() - 2);
      if (type == ColumnType::time && text.ends_with('Z')) text.pop_back();
      if (builder.append(text)) continue;
      throw Error(Code::invalid,
                  "column '" + name + "' row " + std::to_string(first_row + row + 1) + ": expected " +
                      std::string(name_of(type)) + ", got '" + text.substr(0, 100) + "'",
                  "filter such rows out first, or leave the column as it is")
          .with("column", name)
          .with("row", std::to_string(first_row + row + 1))
          .with("expected", std::string(name_of(type)))
          .with("got", text.substr(0, 100));
    }
    return builder.finish();
  }

  std::vector<std::pair<std::string, ColumnType>> types_;
};

// ---- filter, limit

class FilterRows : public Operation {
 public:
  explicit FilterRows(const Options& options) : spec_(read_filter(config_of(options))) {}
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override { return filter(batch, spec_).table; }

 private:
  static Value config_of(const Options& options) {
    Value config = Value::map();
    if (const auto expression = options.text("expression")) config.set("where", *expression);
    if (const auto field = options.text("field")) config.set("field", *field);
    if (const auto op = options.text("op")) config.set("operator", *op);
    if (const Value* value = options.find("value")) config.set("value", *value);
    return config;
  }
  FilterSpec spec_;
};

class Limit : public Operation {
 public:
  explicit Limit(const Options& options)
      : offset_(options.integer("offset", 0).value_or(0)), limit_(options.integer("limit", 0).value_or(-1)) {
    if (options.find("limit") == nullptr && options.find("offset") == nullptr) {
      throw Error(Code::invalid, options.path("limit") + " is required", "rows to keep")
          .with("key", options.path("limit"));
    }
  }
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t first_row) const override {
    const std::int64_t rows = batch->num_rows();
    const std::int64_t begin = std::clamp<std::int64_t>(offset_ - first_row, 0, rows);
    const std::int64_t end = limit_ < 0 ? rows : std::clamp<std::int64_t>(offset_ + limit_ - first_row, begin, rows);
    return batch->Slice(begin, end - begin);
  }

 private:
  std::int64_t offset_, limit_;
};

// ---- sort, aggregate

class Sort : public Operation {
 public:
  explicit Sort(const Options& options) {
    const auto keys = options.list("keys");
    const bool is_list = options.find("keys") != nullptr && options.find("keys")->is(Kind::list);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::string where = options.path("keys") + (is_list ? "[" + std::to_string(i) + "]" : "");
      if (keys[i]->is(Kind::string)) {
        add(std::string(keys[i]->as_string()), true);
        continue;
      }
      if (!keys[i]->is(Kind::map)) throw wrong_option(where, "a column, or {field, asc}", *keys[i]);
      const Options key(*keys[i], where);
      key.only({"field", "asc", "order"});
      add(key.required_text("field"), key.flag("asc", key.choice("order", {"asc", "desc"}) == "asc"));
    }
    if (keys_.empty()) {
      throw Error(Code::invalid, options.path("keys") + " is required", "columns: [a, {field: b, asc: false}]")
          .with("key", options.path("keys"));
    }
    if (options.choice("nulls", {"last", "first"}) == "first") {
      for (cp::SortKey& key : keys_) key.null_placement = cp::NullPlacement::AtStart;
    }
  }
  [[nodiscard]] bool needs_all_rows() const override { return true; }
  // Stable: equal rows stay in their order.
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override {
    prepare_compute();
    for (const cp::SortKey& key : keys_) (void)column_index(*batch, *key.target.name());
    const cp::SortOptions options(keys_);
    const auto order = must(cp::SortIndices(arrow::Datum(batch), options), "sorting");
    return must(cp::Take(arrow::Datum(batch), arrow::Datum(order)), "sorting").record_batch();
  }

 private:
  void add(const std::string& name, bool ascending) {
    keys_.emplace_back(name, ascending ? cp::SortOrder::Ascending : cp::SortOrder::Descending);
  }
  std::vector<cp::SortKey> keys_;
};

class Group : public Operation {
 public:
  explicit Group(const Options& options) : spec_(read_aggregate(config_of(options))) {}
  [[nodiscard]] bool needs_all_rows() const override { return true; }
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override { return aggregate(batch, spec_); }

 private:
  // `aggregations: [{field, op, as}]` said the way of Data_Processing.aggregate.
  static Value config_of(const Options& options) {
    Value config = Value::map();
    if (const Value* keys = options.find("group_by")) config.set("group_by", *keys);
    if (const Value* aggregates = options.find("aggregates")) config.set("aggregates", *aggregates);
    const Value* listed = options.find("aggregations");
    if (listed == nullptr) return config;
    if (!listed->is(Kind::list)) throw wrong_option(options.path("aggregations"), "a list of {field, op, as}", *listed);
    Value aggregates = Value::map();
    for (std::size_t i = 0; i < listed->size(); ++i) {
      const Options one((*listed)[i], options.path("aggregations") + "[" + std::to_string(i) + "]");
      one.only({"field", "op", "as"});
      const std::string op =
          one.choice("op", {"sum", "count", "avg", "mean", "min", "max", "median", "std", "distinct", "first", "last"});
      const std::string field = op == "count" ? one.text("field", "") : one.required_text("field");
      const std::string column = field.empty() ? "" : to_text(Expression::of_column(field));
      aggregates.set(one.text("as", field.empty() ? op : field + "_" + op), Value(op + "(" + column + ")"));
    }
    config.set("aggregates", aggregates);
    return config;
  }
  AggregateSpec spec_;
};

}  // namespace

std::unique_ptr<Operation> make_map(const Options& options) { return std::make_unique<Map>(options); }
std::unique_ptr<Operation> make_convert(const Options& options) { return std::make_unique<Convert>(options); }
std::unique_ptr<Operation> make_filter(const Options& options) { return std::make_unique<FilterRows>(options); }
std::unique_ptr<Operation> make_sort(const Options& options) { return std::make_unique<Sort>(options); }
std::unique_ptr<Operation> make_limit(const Options& options) { return std::make_unique<Limit>(options); }
std::unique_ptr<Operation> make_aggregate(const Options& options) { return std::make_unique<Group>(options); }

}  // namespace mortise::plugins
