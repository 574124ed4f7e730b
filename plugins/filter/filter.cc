#include "filter/filter.h"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>

#include "lib/arrow_status.h"
#include "lib/evaluate.h"
#include "lib/options.h"
#include "lib/suggest.h"

namespace mortise::plugins {
namespace {

namespace cp = arrow::compute;

// ---- reading the configuration

Expression literal_of(const Value& value, const std::string& key) {
  switch (value.kind()) {
    case Kind::null:
    case Kind::boolean:
    case Kind::int64:
    case Kind::float64:
    case Kind::string:
    case Kind::time: return Expression::of_literal(value);
    default: throw wrong_option(key, "a number, a text, true, false or null", value);
  }
}

std::vector<Expression> list_of(Expression first, const Value& values, const std::string& key) {
  std::vector<Expression> args{std::move(first)};
  if (!values.is(Kind::list) || values.size() == 0) throw wrong_option(key, "a list of values", values);
  for (const Value& value : values.items()) args.push_back(literal_of(value, key));
  return args;
}

Expression negation(Expression inner) { return Expression::of_call("not", {std::move(inner)}); }

// {field, operator, value}
Expression condition_of_fields(const Options& options) {
  Expression column = Expression::of_column(options.required_text("field"));
  const std::string name = options.choice("operator", {"==", "!=", ">", "<", ">=", "<=", "in", "not in", "contains",
                                                       "starts_with", "ends_with", "is null", "is not null"});
  if (name == "is null") return Expression::of_call("is null", {std::move(column)});
  if (name == "is not null") return negation(Expression::of_call("is null", {std::move(column)}));
  const Value* value = options.value().find("value");
  const std::string key = options.path("value");
  if (value == nullptr)
    throw Error(Code::invalid, key + " is required with 'field'", "give the value to compare with").with("key", key);
  if (name == "in") return Expression::of_call("in", list_of(std::move(column), *value, key));
  if (name == "not in") return negation(Expression::of_call("in", list_of(std::move(column), *value, key)));
  return Expression::of_call(name, {std::move(column), literal_of(*value, key)});
}

FilterSpec::Condition condition_of(const Value& value, const std::string& key) {
  if (value.is(Kind::string)) return {parse_expression(value.as_string(), key), key};
  if (!value.is(Kind::map)) throw wrong_option(key, "an expression, or a map {field, operator, value}", value);
  const Options options(value, key);
  options.only({"field", "operator", "value"});
  return {condition_of_fields(options), key};
}

// ---- working on a table

std::string kind_of(const arrow::DataType& type) {
  const auto id = type.id();
  if (id == arrow::Type::DICTIONARY) return kind_of(*static_cast<const arrow::DictionaryType&>(type).value_type());
  if (arrow::is_integer(id)) return "integer";
  if (arrow::is_floating(id) || arrow::is_decimal(id)) return "number";
  if (arrow::is_string(id) || id == arrow::Type::STRING_VIEW) return "text";
  if (id == arrow::Type::BOOL) return "boolean";
  if (arrow::is_date(id)) return "date";
  return id == arrow::Type::TIMESTAMP ? "time" : type.ToString();
}

void check_schema(const arrow::RecordBatch& table, const FilterSpec& spec) {
  for (const auto& [name, kind] : spec.schema) {
    const std::string got = kind_of(*column(table, name)->type());
    if (got == kind || (kind == "number" && got == "integer")) continue;
    throw Error(Code::invalid, "schema." + name + ": expected " + kind + ", got " + got,
                "one value of another kind makes a whole column text; look at what the table was read from")
        .with("key", "schema." + name)
        .with("column", name)
        .with("expected", kind)
        .with("got", got);
  }
}

std::shared_ptr<arrow::BooleanArray> mask_of(const Expression& expression, const arrow::RecordBatch& table,
                                             const std::string& key) {
  return std::static_pointer_cast<arrow::BooleanArray>(evaluate_condition(expression, table, key));
}

Batch select(const Batch& table, const std::shared_ptr<arrow::Array>& mask) {
  const auto& flags = static_cast<const arrow::BooleanArray&>(*mask);
  if (flags.true_count() == table->num_rows()) return table;
  const auto kept = must(cp::Filter(arrow::Datum(table), arrow::Datum(mask)), "keeping rows");
  return kept.record_batch();
}

// Drops the rows that lack a required value, or says where the first one is.
Batch check_required(Batch table, const FilterSpec& spec, std::int64_t first_row) {
  for (const std::string& name : spec.required) {
    (void)column_index(*table, name);
    const auto there =
        mask_of(negation(Expression::of_call("is null", {Expression::of_column(name)})), *table, "required");
    const std::int64_t missing = there->length() - there->true_count();
    if (missing == 0) continue;
    if (spec.on_missing == FilterSpec::OnMissing::fail) {
      std::int64_t row = 0;
      while (there->Value(row)) ++row;
      throw Error(Code::invalid,
                  "column '" + name + "' lacks " + std::to_string(missing) + " of " + std::to_string(there->length()) +
                      " values; the first is missing in row " + std::to_string(first_row + row + 1),
                  "say `on_missing: drop` to leave such rows out")
          .with("column", name)
          .with("row", std::to_string(first_row + row + 1));
    }
    table = select(table, there);
  }
  return table;
}

}  // namespace

FilterSpec read_filter(const Value& config) {
  const Options options(config);
  options.only({"input", "stream", "where", "field", "operator", "value", "required", "on_missing", "schema"});
  FilterSpec spec;
  const auto conditions = options.list("where");
  const Value* where = options.find("where");
  const bool is_list = where != nullptr && where->is(Kind::list);
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    spec.conditions.push_back(condition_of(*conditions[i], is_list ? "where[" + std::to_string(i) + "]" : "where"));
  }
  if (options.find("field") != nullptr) spec.conditions.push_back({condition_of_fields(options), "field"});
  spec.required = options.texts("required");
  if (options.choice("on_missing", {"fail", "drop"}) == "drop") spec.on_missing = FilterSpec::OnMissing::drop;
  const Options schema = options.map("schema");
  if (!schema.value().is_null()) {
    for (const Member& member : schema.value().members()) {
      const std::string name(member.key());
      spec.schema.emplace_back(name, schema.choice(name, {"number", "integer", "text", "boolean", "date", "time"}));
    }
  }
  if (spec.conditions.empty() && spec.required.empty() && spec.schema.empty()) {
    throw Error(Code::invalid, "a filter needs 'where', 'required' or 'schema'", "for example where: temp_max > 10")
        .with("key", "where");
  }
  return spec;
}

FilterResult filter(const Batch& table, const FilterSpec& spec, std::int64_t first_row) {
  prepare_compute();
  check_schema(*table, spec);
  FilterResult result;
  result.table = check_required(table, spec, first_row);
  result.dropped_missing = table->num_rows() - result.table->num_rows();
  for (const FilterSpec::Condition& condition : spec.conditions) {
    result.table = select(result.table, mask_of(condition.expression, *result.table, condition.key));
  }
  return result;
}

}  // namespace mortise::plugins
