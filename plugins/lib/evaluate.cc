#include "lib/evaluate.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/arrow_status.h"
#include "lib/civil.h"
#include "lib/options.h"
#include "lib/suggest.h"
#include "lib/table.h"

namespace mortise::plugins {
namespace {

namespace cp = arrow::compute;
using arrow::Datum;

// What a type means to an expression.
enum class Family { null, boolean, number, text, date, time, other };

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

// A value, or one for each row, with the expression it came from.
struct Operand {
  Datum datum;
  const Expression* source;

  [[nodiscard]] Family family() const { return family_of(*datum.type()); }
  [[nodiscard]] bool is_literal() const { return source->kind == Expression::Kind::literal; }
  // "column 'wind' (double)"
  [[nodiscard]] std::string describe() const {
    if (is_literal()) return plugins::describe(source->literal);
    const std::string what = source->kind == Expression::Kind::column ? "column '" + source->name + "'" : to_text(*source);
    return what + " (" + datum.type()->ToString() + ")";
  }
};

class Evaluator {
 public:
  Evaluator(const arrow::RecordBatch& table, const std::string& key) : table_(table), key_(key) {
    context_.set_use_threads(false);
  }

  Operand operand(const Expression& expression) {
    switch (expression.kind) {
      case Expression::Kind::literal: return {literal(expression.literal), &expression};
      case Expression::Kind::column: return {column_of(expression), &expression};
      case Expression::Kind::call: return {call(expression), &expression};
    }
    throw Error(Code::internal, "an expression of unknown kind");
  }

  // Makes scalars as long as the table.
  std::shared_ptr<arrow::Array> array(const Operand& operand) {
    if (operand.datum.is_array()) return operand.datum.make_array();
    if (operand.datum.is_chunked_array()) {
      return must(arrow::Concatenate(operand.datum.chunked_array()->chunks()), doing());
    }
    return must(arrow::MakeArrayFromScalar(*operand.datum.scalar(), table_.num_rows()), doing());
  }

  Datum condition(const Expression& expression) {
    Operand result = operand(expression);
    if (result.family() == Family::null) return Datum(arrow::MakeNullScalar(arrow::boolean()));
    if (result.family() != Family::boolean) {
      fail(expression, "a condition that is true or false", result.describe(),
           "compare it with something: " + to_text(expression) + " == ...");
    }
    return result.datum;
  }

 private:
  [[nodiscard]] std::string doing() const { return key_; }

  [[noreturn]] void fail(const Expression& at, const std::string& expected, const std::string& got,
                         const std::string& hint = {}) const {
    const std::string place = at.position == 0 ? "" : " at position " + std::to_string(at.position);
    throw Error(Code::invalid, key_ + place + ": expected " + expected + ", got " + got, hint)
        .with("key", key_)
        .with("expected", expected)
        .with("got", got);
  }

  Datum run(const std::string& function, const std::vector<Datum>& args, const cp::FunctionOptions* options = nullptr) {
    return must(cp::CallFunction(function, args, options, &context_), doing());
  }
  Datum cast(const Datum& datum, const std::shared_ptr<arrow::DataType>& type) {
    return must(cp::Cast(datum, type, cp::CastOptions::Safe(), &context_), doing());
  }

  static Datum literal(const Value& value) {
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

  Datum column_of(const Expression& expression) {
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

  Datum call(const Expression& expression) {
    const std::string& name = expression.name;
    if (name == "and" || name == "or") return logic(expression);
    if (name == "not") return run("invert", {condition(arg(expression, 0))});
    if (name == "is null") return is_null(operand(arg(expression, 0)).datum);
    if (name == "in") return is_in(expression);
    if (name == "+" || name == "-" || name == "*" || name == "/" || name == "negate") return arithmetic(expression);
    if (name == "==" || name == "!=" || name == "<" || name == "<=" || name == ">" || name == ">=") {
      return compare(expression, operand(arg(expression, 0)), operand(arg(expression, 1)), name);
    }
    return function(expression);
  }

  static const Expression& arg(const Expression& expression, std::size_t index) { return expression.args.at(index); }

  Datum logic(const Expression& expression) {
    const std::string function = expression.name == "and" ? "and_kleene" : "or_kleene";
    Datum result = condition(expression.args[0]);
    for (std::size_t i = 1; i < expression.args.size(); ++i) result = run(function, {result, condition(expression.args[i])});
    return result;
  }

  // NaN is missing too.
  Datum is_null(const Datum& datum) {
    const cp::NullOptions options(true);
    return run("is_null", {datum}, &options);
  }

  Datum is_in(const Expression& expression) {
    const Operand left = operand(expression.args[0]);
    Datum result;
    for (std::size_t i = 1; i < expression.args.size(); ++i) {
      const Datum same = compare(expression, left, operand(expression.args[i]), "==");
      result = i == 1 ? same : run("or_kleene", {result, same});
    }
    return result;
  }

  Datum compare(const Expression& at, Operand left, Operand right, const std::string& name) {
    if (left.family() == Family::null || right.family() == Family::null) return compare_null(at, left, right, name);
    align(at, left, right);
    constexpr std::pair<std::string_view, const char*> functions[] = {{"==", "equal"},      {"!=", "not_equal"},
                                                                      {"<", "less"},        {"<=", "less_equal"},
                                                                      {">", "greater"},     {">=", "greater_equal"}};
    const auto* found = std::find_if(std::begin(functions), std::end(functions),
                                     [&](const auto& entry) { return entry.first == name; });
    if (left.family() == Family::boolean && name != "==" && name != "!=") {
      fail(at, "numbers, texts or times to order", left.describe(), "booleans can be compared with == and != only");
    }
    return run(found->second, {left.datum, right.datum});
  }

  Datum compare_null(const Expression& at, const Operand& left, const Operand& right, const std::string& name) {
    const Operand& other = left.family() == Family::null ? right : left;
    if (name == "==") return is_null(other.datum);
    if (name == "!=") return run("invert", {is_null(other.datum)});
    fail(at, "a value to compare with", "null", "only == null and != null say something");
  }

  // Brings both to one type, or says why that cannot be.
  void align(const Expression& at, Operand& left, Operand& right) {
    const auto is_temporal = [](Family family) { return family == Family::date || family == Family::time; };
    if (is_temporal(left.family()) && right.family() == Family::text) right.datum = temporal(at, right, left);
    if (is_temporal(right.family()) && left.family() == Family::text) left.datum = temporal(at, left, right);
    const Family l = left.family();
    const Family r = right.family();
    if (is_temporal(l) && is_temporal(r)) return align_temporal(left, right);
    if (l == r && l != Family::other) {
      if (l == Family::text) align_texts(left, right);
      if (l == Family::number) align_numbers(left, right);
      return;
    }
    std::string hint;
    if (l == Family::number && right.is_literal() && r == Family::text) hint = "write the number without quotes";
    if (l == Family::text && right.is_literal() && r == Family::number) hint = "put the value in quotes";
    if (l == Family::other || r == Family::other) hint = "columns of this type cannot be compared";
    fail(at, "two values that can be compared", left.describe() + " and " + right.describe(), hint);
  }

  void align_texts(Operand& left, Operand& right) {
    if (left.datum.type()->Equals(*right.datum.type())) return;
    left.datum = cast(left.datum, arrow::large_utf8());
    right.datum = cast(right.datum, arrow::large_utf8());
  }

  // Integers stay exact beside 2.0. Beside 2.5, or a column of floats, they are compared as float64.
  void align_numbers(Operand& left, Operand& right) {
    const auto is_float = [](const Operand& side) { return arrow::is_floating(side.datum.type()->id()); };
    const auto is_integer = [](const Operand& side) { return arrow::is_integer(side.datum.type()->id()); };
    for (auto [one, other] : {std::pair(&left, &right), std::pair(&right, &left)}) {
      if (!is_integer(*one) || !is_float(*other)) continue;
      const Value& literal = other->source->literal;
      constexpr double limit = 9.2e18;
      if (literal.is(Kind::float64) && std::trunc(literal.as_float64()) == literal.as_float64() &&
          std::abs(literal.as_float64()) < limit) {
        other->datum = Datum(static_cast<std::int64_t>(literal.as_float64()));
      } else {
        one->datum = to_double(one->datum);
      }
    }
  }

  void align_temporal(Operand& left, Operand& right) {
    if (left.datum.type()->Equals(*right.datum.type())) return;
    // The finer unit holds both; a time without a zone stands for UTC beside one that has it.
    const auto unit = std::max(unit_of(*left.datum.type()), unit_of(*right.datum.type()));
    for (Operand* side : {&left, &right}) {
      side->datum = cast(side->datum, arrow::timestamp(unit, zone_of(*side->datum.type())));
      if (!zone_of(*side->datum.type()).empty()) side->datum = cast(side->datum, arrow::timestamp(unit));
    }
  }
  static arrow::TimeUnit::type unit_of(const arrow::DataType& type) {
    if (type.id() == arrow::Type::TIMESTAMP) return static_cast<const arrow::TimestampType&>(type).unit();
    return type.id() == arrow::Type::DATE64 ? arrow::TimeUnit::MILLI : arrow::TimeUnit::SECOND;
  }
  static std::string zone_of(const arrow::DataType& type) {
    return type.id() == arrow::Type::TIMESTAMP ? static_cast<const arrow::TimestampType&>(type).timezone() : "";
  }

  // The text literal as a time or a date.
  Datum temporal(const Expression& at, const Operand& text, const Operand& beside) {
    if (!text.is_literal()) {
      fail(at, "two values that can be compared", text.describe() + " and " + beside.describe(),
           "only a text written in the expression is read as a date");
    }
    const auto literal = text.source->literal.as_string();
    if (const auto date = parse_date(literal)) return Datum(std::make_shared<arrow::Date32Scalar>(*date));
    const auto time = parse_time(literal);
    if (!time) {
      fail(*text.source, "an ISO date or time such as \"2015-01-31\" or \"2015-01-31T12:00:00\" beside " + beside.describe(),
           text.describe());
    }
    const auto unit = time->decimals > 6 ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO;
    const std::int64_t per_second = time->decimals > 6 ? 1'000'000'000 : 1'000'000;
    std::int64_t count = 0;
    if (__builtin_mul_overflow(time->seconds, per_second, &count)) {
      fail(*text.source, "a time between 1677 and 2262 with that many decimals", text.describe());
    }
    count += time->nanoseconds / (1'000'000'000 / per_second);
    return Datum(std::make_shared<arrow::TimestampScalar>(count, arrow::timestamp(unit)));
  }

  // ---- numbers

  Operand number(const Expression& expression) {
    Operand result = operand(expression);
    if (result.family() == Family::null) result.datum = Datum(arrow::MakeNullScalar(arrow::float64()));
    if (result.family() != Family::number) fail(expression, "a number", result.describe());
    return result;
  }

  Datum arithmetic(const Expression& expression) {
    if (expression.name == "negate") return run("negate_checked", {number(arg(expression, 0)).datum});
    Operand first = number(arg(expression, 0));
    Operand second = number(arg(expression, 1));
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
  Datum to_double(const Datum& datum) {
    cp::CastOptions options = cp::CastOptions::Safe(arrow::float64());
    options.allow_int_overflow = true;
    options.allow_float_truncate = true;  // an integer beyond 2^53 is rounded, as any quotient is
    options.allow_decimal_truncate = true;
    return must(cp::Cast(datum, options, &context_), doing());
  }

  // ---- functions

  using Function = Datum (Evaluator::*)(const Expression&);
  struct Entry {
    const char* name;
    std::size_t min_args, max_args;
    Function function;
  };
  static const std::vector<Entry>& functions() {
    static const std::vector<Entry> all = {
        {"year", 1, 1, &Evaluator::part_of_time},
        {"quarter", 1, 1, &Evaluator::part_of_time},
        {"month", 1, 1, &Evaluator::part_of_time},
        {"day", 1, 1, &Evaluator::part_of_time},
        {"hour", 1, 1, &Evaluator::part_of_time},
        {"weekday", 1, 1, &Evaluator::weekday},
        {"trunc", 2, 2, &Evaluator::trunc},
        {"abs", 1, 1, &Evaluator::absolute},
        {"round", 1, 2, &Evaluator::round},
        {"lower", 1, 1, &Evaluator::of_text},
        {"upper", 1, 1, &Evaluator::of_text},
        {"trim", 1, 1, &Evaluator::of_text},
        {"length", 1, 1, &Evaluator::of_text},
        {"contains", 2, 2, &Evaluator::match},
        {"starts_with", 2, 2, &Evaluator::match},
        {"ends_with", 2, 2, &Evaluator::match},
        {"coalesce", 1, 16, &Evaluator::coalesce},
    };
    return all;
  }

  Datum function(const Expression& expression) {
    for (const Entry& entry : functions()) {
      if (expression.name != entry.name) continue;
      const std::size_t got = expression.args.size();
      if (got < entry.min_args || got > entry.max_args) {
        std::string expected = std::to_string(entry.min_args);
        if (entry.max_args != entry.min_args) expected += " to " + std::to_string(entry.max_args);
        fail(expression, expected + " argument(s) for " + expression.name + "()", std::to_string(got));
      }
      return (this->*entry.function)(expression);
    }
    std::vector<std::string> known;
    for (const Entry& entry : functions()) known.emplace_back(entry.name);
    fail(expression, "a function", "'" + expression.name + "()'", suggestion(expression.name, known));
  }

  Operand temporal_arg(const Expression& expression) {
    Operand result = operand(arg(expression, 0));
    if (result.family() == Family::null) result.datum = Datum(arrow::MakeNullScalar(arrow::date32()));
    if (result.family() != Family::date && result.family() != Family::time) {
      fail(expression, "a date or a time in " + expression.name + "()", result.describe());
    }
    // Parts are those of UTC; Arrow would ask a time zone database.
    if (!zone_of(*result.datum.type()).empty()) {
      result.datum = cast(result.datum, arrow::timestamp(unit_of(*result.datum.type())));
    }
    return result;
  }

  Datum part_of_time(const Expression& expression) {
    const Operand time = temporal_arg(expression);
    if (expression.name == "hour" && time.family() == Family::date) fail(expression, "a time", time.describe());
    return run(expression.name, {time.datum});
  }
  Datum weekday(const Expression& expression) {
    const cp::DayOfWeekOptions options(/*count_from_zero=*/false, /*week_start=*/1);
    return run("day_of_week", {temporal_arg(expression).datum}, &options);
  }
  Datum trunc(const Expression& expression) {
    const Datum time = temporal_arg(expression).datum;
    const std::string unit = literal_text(arg(expression, 1));
    constexpr std::pair<std::string_view, cp::CalendarUnit> units[] = {
        {"year", cp::CalendarUnit::YEAR}, {"quarter", cp::CalendarUnit::QUARTER}, {"month", cp::CalendarUnit::MONTH},
        {"week", cp::CalendarUnit::WEEK}, {"day", cp::CalendarUnit::DAY},         {"hour", cp::CalendarUnit::HOUR}};
    for (const auto& [name, calendar] : units) {
      if (name != unit) continue;
      const cp::RoundTemporalOptions options(1, calendar);
      return run("floor_temporal", {time}, &options);
    }
    fail(arg(expression, 1), "one of \"year\", \"quarter\", \"month\", \"week\", \"day\", \"hour\"", "\"" + unit + "\"");
  }

  Datum absolute(const Expression& expression) { return run("abs_checked", {number(arg(expression, 0)).datum}); }
  Datum round(const Expression& expression) {
    std::int64_t digits = 0;
    if (expression.args.size() == 2) {
      const Value& literal = expression.args[1].literal;
      if (!literal.is(Kind::int64) || literal.as_int64() < -300 || literal.as_int64() > 300) {
        fail(expression.args[1], "a number of digits from -300 to 300", to_text(expression.args[1]));
      }
      digits = literal.as_int64();
    }
    const cp::RoundOptions options(digits, cp::RoundMode::HALF_TOWARDS_INFINITY);
    return run("round", {to_double(number(arg(expression, 0)).datum)}, &options);
  }

  Operand text(const Expression& expression) {
    Operand result = operand(expression);
    if (result.family() == Family::null) result.datum = Datum(arrow::MakeNullScalar(arrow::utf8()));
    if (result.family() != Family::text) fail(expression, "a text", result.describe());
    return result;
  }
  std::string literal_text(const Expression& expression) {
    if (expression.kind == Expression::Kind::literal && expression.literal.is(Kind::string)) {
      return std::string(expression.literal.as_string());
    }
    fail(expression, "a text in quotes", to_text(expression));
  }
  Datum of_text(const Expression& expression) {
    const Datum datum = text(arg(expression, 0)).datum;
    if (expression.name == "lower") return run("utf8_lower", {datum});
    if (expression.name == "upper") return run("utf8_upper", {datum});
    if (expression.name == "trim") return run("utf8_trim_whitespace", {datum});
    return run("utf8_length", {datum});
  }
  Datum match(const Expression& expression) {
    const Datum datum = text(arg(expression, 0)).datum;
    const cp::MatchSubstringOptions options(literal_text(arg(expression, 1)));
    if (expression.name == "contains") return run("match_substring", {datum}, &options);
    return run(expression.name, {datum}, &options);
  }
  Datum coalesce(const Expression& expression) {
    std::vector<Datum> args;
    Operand first = operand(arg(expression, 0));
    for (const Expression& each : expression.args) {
      Operand next = operand(each);
      if (next.family() == Family::null) continue;
      if (first.family() == Family::null) first = next;
      align(expression, first, next);
      args.push_back(next.datum);
    }
    if (args.empty()) return first.datum;
    args[0] = first.datum;
    return run("coalesce", args);
  }

  const arrow::RecordBatch& table_;
  const std::string& key_;
  cp::ExecContext context_;
};

}  // namespace

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
