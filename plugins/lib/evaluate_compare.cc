// Comparing: which values can be compared, and as what.
#include <arrow/compute/api_scalar.h>
#include <arrow/scalar.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/civil.h"
#include "lib/evaluator.h"

namespace mortise::plugins {

arrow::Datum Evaluator::compare(const Expression& at, Operand left, Operand right, const std::string& name) {
  if (left.family() == Family::null || right.family() == Family::null) return compare_null(at, left, right, name);
  align(at, left, right);
  constexpr std::pair<std::string_view, const char*> functions[] = {{"==", "equal"},  {"!=", "not_equal"},
                                                                    {"<", "less"},    {"<=", "less_equal"},
                                                                    {">", "greater"}, {">=", "greater_equal"}};
  const auto* found =
      std::find_if(std::begin(functions), std::end(functions), [&](const auto& entry) { return entry.first == name; });
  if (left.family() == Family::boolean && name != "==" && name != "!=") {
    fail(at, "numbers, texts or times to order", left.describe(), "booleans can be compared with == and != only");
  }
  return run(found->second, {left.datum, right.datum});
}

arrow::Datum Evaluator::compare_null(const Expression& at, const Operand& left, const Operand& right,
                                     const std::string& name) {
  const Operand& other = left.family() == Family::null ? right : left;
  if (name == "==") return is_null(other.datum);
  if (name == "!=") return run("invert", {is_null(other.datum)});
  fail(at, "a value to compare with", "null", "only == null and != null say something");
}

// Brings both to one type, or says why that cannot be.
void Evaluator::align(const Expression& at, Operand& left, Operand& right) {
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

void Evaluator::align_texts(Operand& left, Operand& right) {
  if (left.datum.type()->Equals(*right.datum.type())) return;
  left.datum = cast(left.datum, arrow::large_utf8());
  right.datum = cast(right.datum, arrow::large_utf8());
}

// Integers stay exact beside 2.0. Beside 2.5, or a column of floats, they are compared as float64.
void Evaluator::align_numbers(Operand& left, Operand& right) {
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

void Evaluator::align_temporal(Operand& left, Operand& right) {
  if (left.datum.type()->Equals(*right.datum.type())) return;
  // The finer unit holds both; a time without a zone stands for UTC beside one that has it.
  const auto unit = std::max(unit_of(*left.datum.type()), unit_of(*right.datum.type()));
  for (Operand* side : {&left, &right}) {
    side->datum = cast(side->datum, arrow::timestamp(unit, zone_of(*side->datum.type())));
    if (!zone_of(*side->datum.type()).empty()) side->datum = cast(side->datum, arrow::timestamp(unit));
  }
}

arrow::TimeUnit::type Evaluator::unit_of(const arrow::DataType& type) {
  if (type.id() == arrow::Type::TIMESTAMP) return static_cast<const arrow::TimestampType&>(type).unit();
  return type.id() == arrow::Type::DATE64 ? arrow::TimeUnit::MILLI : arrow::TimeUnit::SECOND;
}

std::string Evaluator::zone_of(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP ? static_cast<const arrow::TimestampType&>(type).timezone() : "";
}

// The text literal as a time or a date.
arrow::Datum Evaluator::temporal(const Expression& at, const Operand& text, const Operand& beside) {
  if (!text.is_literal()) {
    fail(at, "two values that can be compared", text.describe() + " and " + beside.describe(),
         "only a text written in the expression is read as a date");
  }
  const auto literal = text.source->literal.as_string();
  if (const auto date = parse_date(literal)) return Datum(std::make_shared<arrow::Date32Scalar>(*date));
  const auto time = parse_time(literal);
  if (!time) {
    fail(*text.source,
         "an ISO date or time such as \"2015-01-31\" or \"2015-01-31T12:00:00\" beside " + beside.describe(),
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

}  // namespace mortise::plugins
