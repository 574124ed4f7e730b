// Evaluator: one expression over one table, for the length of a call of evaluate(). Private to evaluate*.cc:
// evaluate.cc holds values, logic and arithmetic, evaluate_compare.cc what is brought to one type to be compared,
// evaluate_functions.cc the named functions.
#pragma once

#include <arrow/compute/exec.h>
#include <arrow/compute/function_options.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/expression.h"

namespace mortise::plugins {

// What a type means to an expression.
enum class Family { null, boolean, number, text, date, time, other };

// A value, or one for each row, with the expression that it came from.
struct Operand {
  arrow::Datum datum;
  const Expression* source;

  [[nodiscard]] Family family() const;
  [[nodiscard]] bool is_literal() const { return source->kind == Expression::Kind::literal; }
  [[nodiscard]] std::string describe() const;  // "column 'wind' (double)"
};

class Evaluator {
 public:
  // Both must outlive it. `key` begins errors.
  Evaluator(const arrow::RecordBatch& table, const std::string& key);

  Operand operand(const Expression& expression);
  arrow::Datum condition(const Expression& expression);
  // Makes scalars as long as the table.
  std::shared_ptr<arrow::Array> array(const Operand& operand);

 private:
  using Datum = arrow::Datum;

  [[noreturn]] void fail(const Expression& at, const std::string& expected, const std::string& got,
                         const std::string& hint = {}) const;
  Datum run(const std::string& function, const std::vector<Datum>& args,
            const arrow::compute::FunctionOptions* options = nullptr);
  Datum cast(const Datum& datum, const std::shared_ptr<arrow::DataType>& type);
  Datum to_double(const Datum& datum);

  static Datum literal(const Value& value);
  Datum column_of(const Expression& expression);
  Datum call(const Expression& expression);
  Datum logic(const Expression& expression);
  Datum is_null(const Datum& datum);
  Datum is_in(const Expression& expression);
  Operand number(const Expression& expression);
  Datum arithmetic(const Expression& expression);

  Datum compare(const Expression& at, Operand left, Operand right, const std::string& name);
  Datum compare_null(const Expression& at, const Operand& left, const Operand& right, const std::string& name);
  // Brings both to one type, or says why that cannot be.
  void align(const Expression& at, Operand& left, Operand& right);
  void align_texts(Operand& left, Operand& right);
  void align_numbers(Operand& left, Operand& right);
  void align_temporal(Operand& left, Operand& right);
  // The text literal as a time or a date.
  Datum temporal(const Expression& at, const Operand& text, const Operand& beside);
  static arrow::TimeUnit::type unit_of(const arrow::DataType& type);
  static std::string zone_of(const arrow::DataType& type);

  using Function = Datum (Evaluator::*)(const Expression&);
  struct Entry {
    const char* name;
    std::size_t min_args, max_args;
    Function function;
  };
  static const std::vector<Entry>& functions();
  Datum function(const Expression& expression);
  Operand temporal_arg(const Expression& expression);
  Datum part_of_time(const Expression& expression);
  Datum weekday(const Expression& expression);
  Datum trunc(const Expression& expression);
  Datum absolute(const Expression& expression);
  Datum round(const Expression& expression);
  Operand text(const Expression& expression);
  std::string literal_text(const Expression& expression);
  Datum of_text(const Expression& expression);
  Datum match(const Expression& expression);
  Datum coalesce(const Expression& expression);

  const arrow::RecordBatch& table_;
  const std::string& key_;
  arrow::compute::ExecContext context_;
};

}  // namespace mortise::plugins
