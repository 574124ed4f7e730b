#include "lib/evaluate.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>
#include <arrow/scalar.h>
#include <arrow/type_traits.h>

#include "lib/arrow_status.h"
#include "lib/evaluator.h"
#include "lib/options.h"
#include "lib/table.h"

namespace mortise::plugins {
namespace {

namespace cp = arrow::compute;
using arrow::Datum;

Family family_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::NA) return Family::null;
  if (type.id() == arrow::Type::BOOL) return Family::boolean;
  if (arrow::is_integer(type.id()) || arrow::is_floating(type.id()) || arrow::is_decimal(type.id())) {
    return Family::number;
  }
  if (arrow::is_string(type.id()) || type.id() == arrow::Type::STRING_VIEW) return Family::text;
  if (arrow::is_date(type.id())) return Family::date;
  if (type.id() == arrow::Type::TIMESTAMP) return Family::time;
  return Family::other;
}

}  // namespace

Family Operand::family() const { return family_of(*datum.type()); }

std::string Operand::describe() const {
  if (is_literal()) return plugins::describe(source->literal);
  const std::string what =
      source->kind == Expression::Kind::column ? "column '" + source->name + "'" : to_text(*source);
  return what + " (" + datum.type()->ToString() + ")";
}

Evaluator::Evaluator(const arrow::RecordBatch& table, const std::string& key) : table_(table), key_(key) {
  context_.set_use_threads(false);
}

Operand Evaluator::operand(const Expression& expression) {
  switch (expression.kind) {
    case Expression::Kind::literal: return {literal(expression.literal), &expression};
    case Expression::Kind::column: return {column_of(expression), &expression};
    case Expression::Kind::call: return {call(expression), &expression};
  }
  throw Error(Code::internal, "an expression of unknown kind");
}

// Makes scalars as long as the table.
std::shared_ptr<arrow::Array> Evaluator::array(const Operand& operand) {
  if (operand.datum.is_array()) return operand.datum.make_array();
  if (operand.datum.is_chunked_array()) {
    return must(arrow::Concatenate(operand.datum.chunked_array()->chunks()), key_);
  }
  return must(arrow::MakeArrayFromScalar(*operand.datum.scalar(), table_.num_rows()), key_);
}

arrow::Datum Evaluator::condition(const Expression& expression) {
  Operand result = operand(expression);
  if (result.family() == Family::null) return Datum(arrow::MakeNullScalar(arrow::boolean()));
  if (result.family() != Family::boolean) {
    fail(expression, "a condition that is true or false", result.describe(),
         "compare it with something: " + to_text(expression) + " == ...");
  }
  return result.datum;
}

void Evaluator::fail(const Expression& at, const std::string& expected, const std::string& got,
                     const std::string& hint) const {
  const std::string place = at.position == 0 ? "" : " at position " + std::to_string(at.position);
  throw Error(Code::invalid, key_ + place + ": expected " + expected + ", got " + got, hint)
      .with("key", key_)
      .with("expected", expected)
      .with("got", got);
}

arrow::Datum Evaluator::run(const std::string& function, const std::vector<Datum>& args,
                            const cp::FunctionOptions* options) {
  return must(cp::CallFunction(function, args, options, &context_), key_);
}

arrow::Datum Evaluator::cast(const Datum& datum, const std::shared_ptr<arrow::DataType>& type) {
  return must(cp::Cast(datum, type, cp::CastOptions::Safe(), &context_), key_);
}

arrow::Datum Evaluator::literal(const Value& value) {
  switch (value.kind()) {
    case Kind::boolean: return Datum(value.as_bool());
    case Kind::int64: return Datum(value.as_int64());
    case Kind::float64: return Datum(value.as_float64());
    case Kind::string: return Datum(arrow::MakeScalar(std::string(value.as_string())));
    case Kind::time:
      return Datum(std::make_shared<arrow::TimestampScalar>(value.as_time().nanoseconds,
                                                            arrow::timestamp(arrow::TimeUnit::NANO, "UTC")));
    default: return Datum(std::make_shared<arrow::NullScalar>());
  }
}

arrow::Datum Evaluator::column_of(const Expression& expression) {
  std::shared_ptr<arrow::Array> array;
  try {
    array = column(table_, expression.name);
  } catch (Error& error) {
    const std::string place = expression.position == 0 ? "" : " at position " + std::to_string(expression.position);
    throw Error(Code::invalid, key_ + place + ": " + error.what(), error.hint())
        .with("key", key_)
        .with("column", expression.name);
  }
  if (array->type_id() == arrow::Type::DICTIONARY) {
    return cast(array, static_cast<const arrow::DictionaryType&>(*array->type()).value_type());
  }
  if (array->type_id() == arrow::Type::STRING_VIEW) return cast(array, arrow::large_utf8());
  return array;
}

arrow::Datum Evaluator::call(const Expression& expression) {
  const std::string& name = expression.name;
  if (name == "and" || name == "or") return logic(expression);
  if (name == "not") return run("invert", {condition(expression.args.at(0))});
  if (name == "is null") return is_null(operand(expression.args.at(0)).datum);
  if (name == "in") return is_in(expression);
  if (name == "+" || name == "-" || name == "*" || name == "/" || name == "negate") return arithmetic(expression);
  if (name == "==" || name == "!=" || name == "<" || name == "<=" || name == ">" || name == ">=") {
    return compare(expression, operand(expression.args.at(0)), operand(expression.args.at(1)), name);
  }
  return function(expression);
}

arrow::Datum Evaluator::logic(const Expression& expression) {
  const std::string function = expression.name == "and" ? "and_kleene" : "or_kleene";
  Datum result = condition(expression.args[0]);
  for (std::size_t i = 1; i < expression.args.size(); ++i)
    result = run(function, {result, condition(expression.args[i])});
  return result;
}

// NaN is missing too.
arrow::Datum Evaluator::is_null(const Datum& datum) {
  const cp::NullOptions options(true);
  return run("is_null", {datum}, &options);
}

arrow::Datum Evaluator::is_in(const Expression& expression) {
  const Operand left = operand(expression.args[0]);
  Datum result;
  for (std::size_t i = 1; i < expression.args.size(); ++i) {
    const Datum same = compare(expression, left, operand(expression.args[i]), "==");
    result = i == 1 ? same : run("or_kleene", {result, same});
  }
  return result;
}

Operand Evaluator::number(const Expression& expression) {
  Operand result = operand(expression);
  if (result.family() == Family::null) result.datum = Datum(arrow::MakeNullScalar(arrow::float64()));
  if (result.family() != Family::number) fail(expression, "a number", result.describe());
  return result;
}

arrow::Datum Evaluator::arithmetic(const Expression& expression) {
  if (expression.name == "negate") return run("negate_checked", {number(expression.args.at(0)).datum});
  Operand first = number(expression.args.at(0));
  Operand second = number(expression.args.at(1));
  const auto is_integer = [](const Operand& side) { return arrow::is_integer(side.datum.type()->id()); };
  if (is_integer(first) != is_integer(second)) {
    first.datum = to_double(first.datum);
    second.datum = to_double(second.datum);
  }
  const Datum& left = first.datum;
  const Datum& right = second.datum;
  if (expression.name == "+") return run("add_checked", {left, right});
  if (expression.name == "-") return run("subtract_checked", {left, right});
  if (expression.name == "*") return run("multiply_checked", {left, right});
  return run("divide", {to_double(left), to_double(right)});
}

arrow::Datum Evaluator::to_double(const Datum& datum) {
  cp::CastOptions options = cp::CastOptions::Safe(arrow::float64());
  options.allow_int_overflow = true;
  options.allow_float_truncate = true;  // an integer beyond 2^53 is rounded, as any quotient is
  options.allow_decimal_truncate = true;
  return must(cp::Cast(datum, options, &context_), key_);
}

std::shared_ptr<arrow::Array> evaluate(const Expression& expression, const arrow::RecordBatch& table,
                                       const std::string& key) {
  prepare_compute();
  Evaluator evaluator(table, key);
  return evaluator.array(evaluator.operand(expression));
}

std::shared_ptr<arrow::Array> evaluate_condition(const Expression& expression, const arrow::RecordBatch& table,
                                                 const std::string& key) {
  prepare_compute();
  Evaluator evaluator(table, key);
  return evaluator.array({evaluator.condition(expression), &expression});
}

}  // namespace mortise::plugins
