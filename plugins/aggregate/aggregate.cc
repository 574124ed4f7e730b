#include "aggregate/aggregate.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>

#include <set>

#include "lib/arrow_status.h"
#include "lib/evaluate.h"
#include "lib/options.h"

namespace mortise::plugins {
namespace {

// The name of a column that was given none: "year(date)" is "year", "mean(temp_max)" is "mean_temp_max".
std::string name_of_key(const Expression& expression) {
  if (expression.kind == Expression::Kind::column) return expression.name;
  return expression.kind == Expression::Kind::call ? expression.name : to_text(expression);
}

std::string name_of_aggregate(std::string_view text, const AggregateCall& call) {
  const std::string function(text.substr(0, text.find('(')));
  if (!call.argument) return function;
  const bool plain = call.argument->kind == Expression::Kind::column;
  return plain ? function + "_" + call.argument->name : std::string(text);
}

std::string text_of(const Value& value, const std::string& key, const std::string& expected) {
  if (!value.is(Kind::string)) throw wrong_option(key, expected, value);
  return std::string(value.as_string());
}

void read_keys(const Options& options, AggregateSpec& spec) {
  const Value* group_by = options.find("group_by");
  if (group_by == nullptr) return;
  if (group_by->is(Kind::map)) {
    for (const Member& member : group_by->members()) {
      const std::string key = "group_by." + std::string(member.key());
      spec.keys.emplace_back(member.key(), parse_expression(text_of(member.value(), key, "an expression"), key));
    }
    return;
  }
  const auto list = options.list("group_by");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string key = group_by->is(Kind::list) ? "group_by[" + std::to_string(i) + "]" : "group_by";
    Expression expression = parse_expression(text_of(*list[i], key, "a column or an expression"), key);
    std::string name = name_of_key(expression);
    spec.keys.emplace_back(std::move(name), std::move(expression));
  }
}

// "temp_max: mean" is short for "temp_max: mean(temp_max)".
std::string in_full(const std::string& name, const std::string& text) {
  if (!aggregate_named(text)) return text;
  if (text == "count") return "count()";
  return text + "(" + to_text(Expression::of_column(name)) + ")";
}

void read_aggregates(const Options& options, AggregateSpec& spec) {
  const Value* wanted = options.find("aggregates");
  if (wanted == nullptr || wanted->size() == 0) {
    throw Error(Code::invalid, "aggregates is required",
                "for example aggregates: {warmest: max(temp_max), days: count()}")
        .with("key", "aggregates");
  }
  if (wanted->is(Kind::map)) {
    for (const Member& member : wanted->members()) {
      const std::string name(member.key());
      const std::string key = "aggregates." + name;
      spec.aggregates.emplace_back(name,
                                   parse_aggregate(in_full(name, text_of(member.value(), key, "an aggregate")), key));
    }
    return;
  }
  const auto list = options.list("aggregates");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string key = wanted->is(Kind::list) ? "aggregates[" + std::to_string(i) + "]" : "aggregates";
    const std::string text = text_of(*list[i], key, "an aggregate such as mean(x)");
    AggregateCall call = parse_aggregate(text, key);
    std::string name = name_of_aggregate(text, call);
    spec.aggregates.emplace_back(std::move(name), std::move(call));
  }
}

void check_names(const AggregateSpec& spec) {
  std::set<std::string> seen;
  const auto check_name = [&](const std::string& name, const char* key) {
    if (seen.insert(name).second) return;
    throw Error(Code::invalid, std::string(key) + ": two columns of the result are named '" + name + "'",
                "give them names: {name: expression}")
        .with("key", key)
        .with("column", name);
  };
  for (const auto& [name, unused] : spec.keys) check_name(name, "group_by");
  for (const auto& [name, unused] : spec.aggregates) check_name(name, "aggregates");
}

std::shared_ptr<arrow::Array> take(const std::shared_ptr<arrow::Array>& values, const std::vector<std::int64_t>& rows) {
  arrow::Int64Builder builder;
  check(builder.AppendValues(rows), "grouping");
  return must(arrow::compute::Take(*values, *must(builder.Finish(), "grouping")), "grouping");
}

}  // namespace

AggregateSpec read_aggregate(const Value& config) {
  const Options options(config);
  options.only({"input", "group_by", "aggregates", "where"});
  AggregateSpec spec;
  read_keys(options, spec);
  read_aggregates(options, spec);
  if (const auto where = options.text("where")) spec.where = parse_expression(*where, "where");
  check_names(spec);
  return spec;
}

Batch aggregate(const Batch& whole, const AggregateSpec& spec) {
  prepare_compute();
  Batch table = whole;
  if (spec.where) {
    const auto mask = evaluate_condition(*spec.where, *table, "where");
    table = must(arrow::compute::Filter(arrow::Datum(table), arrow::Datum(mask)), "where").record_batch();
  }
  std::vector<NamedArray> columns;
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (const auto& [name, expression] : spec.keys) keys.push_back(evaluate(expression, *table, "group_by"));
  const Groups groups = keys.empty() ? Groups::all(table->num_rows()) : Groups::by(keys, table->num_rows());
  for (std::size_t i = 0; i < keys.size(); ++i)
    columns.push_back({spec.keys[i].first, take(keys[i], groups.first_row)});
  for (const auto& [name, call] : spec.aggregates) columns.push_back({name, aggregate(call, *table, groups)});
  return make_batch(columns, groups.count);
}

}  // namespace mortise::plugins
