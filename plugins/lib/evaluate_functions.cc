// The named functions of expressions.
#include <arrow/compute/api_scalar.h>
#include <arrow/scalar.h>

#include <utility>

#include "lib/evaluator.h"
#include "lib/suggest.h"

namespace mortise::plugins {

namespace cp = arrow::compute;
using arrow::Datum;

const std::vector<Evaluator::Entry>& Evaluator::functions() {
  static const std::vector<Entry> all = {
      {"year", 1, 1, &Evaluator::part_of_time},  {"quarter", 1, 1, &Evaluator::part_of_time},
      {"month", 1, 1, &Evaluator::part_of_time}, {"day", 1, 1, &Evaluator::part_of_time},
      {"hour", 1, 1, &Evaluator::part_of_time},  {"weekday", 1, 1, &Evaluator::weekday},
      {"trunc", 2, 2, &Evaluator::trunc},        {"abs", 1, 1, &Evaluator::absolute},
      {"round", 1, 2, &Evaluator::round},        {"lower", 1, 1, &Evaluator::of_text},
      {"upper", 1, 1, &Evaluator::of_text},      {"trim", 1, 1, &Evaluator::of_text},
      {"length", 1, 1, &Evaluator::of_text},     {"contains", 2, 2, &Evaluator::match},
      {"starts_with", 2, 2, &Evaluator::match},  {"ends_with", 2, 2, &Evaluator::match},
      {"coalesce", 1, 16, &Evaluator::coalesce},
  };
  return all;
}

arrow::Datum Evaluator::function(const Expression& expression) {
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

Operand Evaluator::temporal_arg(const Expression& expression) {
  Operand result = operand(expression.args.at(0));
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

arrow::Datum Evaluator::part_of_time(const Expression& expression) {
  const Operand time = temporal_arg(expression);
  if (expression.name == "hour" && time.family() == Family::date) fail(expression, "a time", time.describe());
  return run(expression.name, {time.datum});
}

arrow::Datum Evaluator::weekday(const Expression& expression) {
  const cp::DayOfWeekOptions options(/*count_from_zero=*/false, /*week_start=*/1);
  return run("day_of_week", {temporal_arg(expression).datum}, &options);
}

arrow::Datum Evaluator::trunc(const Expression& expression) {
  const Datum time = temporal_arg(expression).datum;
  const std::string unit = literal_text(expression.args.at(1));
  constexpr std::pair<std::string_view, cp::CalendarUnit> units[] = {
      {"year", cp::CalendarUnit::YEAR}, {"quarter", cp::CalendarUnit::QUARTER}, {"month", cp::CalendarUnit::MONTH},
      {"week", cp::CalendarUnit::WEEK}, {"day", cp::CalendarUnit::DAY},         {"hour", cp::CalendarUnit::HOUR}};
  for (const auto& [name, calendar] : units) {
    if (name != unit) continue;
    const cp::RoundTemporalOptions options(1, calendar);
    return run("floor_temporal", {time}, &options);
  }
  fail(expression.args.at(1), "one of \"year\", \"quarter\", \"month\", \"week\", \"day\", \"hour\"",
       "\"" + unit + "\"");
}

arrow::Datum Evaluator::absolute(const Expression& expression) {
  return run("abs_checked", {number(expression.args.at(0)).datum});
}

arrow::Datum Evaluator::round(const Expression& expression) {
  std::int64_t digits = 0;
  if (expression.args.size() == 2) {
    const Value& literal = expression.args[1].literal;
    if (!literal.is(Kind::int64) || literal.as_int64() < -300 || literal.as_int64() > 300) {
      fail(expression.args[1], "a number of digits from -300 to 300", to_text(expression.args[1]));
    }
    digits = literal.as_int64();
  }
  const cp::RoundOptions options(digits, cp::RoundMode::HALF_TOWARDS_INFINITY);
  return run("round", {to_double(number(expression.args.at(0)).datum)}, &options);
}

Operand Evaluator::text(const Expression& expression) {
  Operand result = operand(expression);
  if (result.family() == Family::null) result.datum = Datum(arrow::MakeNullScalar(arrow::utf8()));
  if (result.family() != Family::text) fail(expression, "a text", result.describe());
  return result;
}

std::string Evaluator::literal_text(const Expression& expression) {
  if (expression.kind == Expression::Kind::literal && expression.literal.is(Kind::string)) {
    return std::string(expression.literal.as_string());
  }
  fail(expression, "a text in quotes", to_text(expression));
}

arrow::Datum Evaluator::of_text(const Expression& expression) {
  const Datum datum = text(expression.args.at(0)).datum;
  if (expression.name == "lower") return run("utf8_lower", {datum});
  if (expression.name == "upper") return run("utf8_upper", {datum});
  if (expression.name == "trim") return run("utf8_trim_whitespace", {datum});
  return run("utf8_length", {datum});
}

arrow::Datum Evaluator::match(const Expression& expression) {
  const Datum datum = text(expression.args.at(0)).datum;
  const cp::MatchSubstringOptions options(literal_text(expression.args.at(1)));
  if (expression.name == "contains") return run("match_substring", {datum}, &options);
  return run(expression.name, {datum}, &options);
}

arrow::Datum Evaluator::coalesce(const Expression& expression) {
  std::vector<Datum> args;
  Operand first = operand(expression.args.at(0));
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

}  // namespace mortise::plugins
