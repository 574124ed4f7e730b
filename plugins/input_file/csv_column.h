// One column of one block of CSV as an Arrow array of a known type, or the proof that it is not of that type.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "input_file/csv_fields.h"
#include "lib/date_layout.h"
#include "lib/text_type.h"

namespace mortise::plugins {

// What a column is read as.
struct ColumnPlan {
  ColumnType type = ColumnType::text;
  std::int32_t decimals = 0;                  // of a second: the unit of times
  std::optional<std::size_t> layout;          // of known_layouts()
  const DateLayout* wanted_layout = nullptr;  // that the config names
  bool empty = false;                         // nothing but missing values so far
  bool undecided = false;                     // text so far, but a later row may still show what it is

  [[nodiscard]] bool same_as(const ColumnPlan& other) const noexcept {
    return type == other.type && decimals == other.decimals && layout == other.layout &&
           wanted_layout == other.wanted_layout && empty == other.empty;
  }
  [[nodiscard]] const DateLayout* date_layout() const {
    return wanted_layout != nullptr ? wanted_layout : layout ? &known_layouts()[*layout] : nullptr;
  }
};

[[nodiscard]] std::shared_ptr<arrow::DataType> arrow_type(const ColumnPlan& plan);

// Which fields are missing values.
struct NullRule {
  std::optional<std::vector<std::string>> texts;  // that the config names; absent: see README.md

  [[nodiscard]] bool hard(std::string_view text, bool quoted) const;  // in every column
  [[nodiscard]] bool soft(std::string_view text) const;               // in columns that are no texts
};

struct ColumnPiece {
  std::shared_ptr<arrow::ArrayData> data;  // absent when `misfit` is there, or nothing was wanted
  TextType evidence;                       // of all texts of the column in this block
  std::vector<std::size_t> misfits;        // rows whose text is not of the type; they hold null
  std::int64_t text_bytes = 0;
  bool verbatim = true;  // an integer's text is the one way to write it: no blanks around it
};

enum class ColumnTask {
  guess,  // stop at the first text that is not of the type, and gather the evidence of the block instead
  hold,   // every text that is not of the type is a misfit
  insist,  // every text that is not of the type is a misfit; but leading zeros and '+' are fine, as whoever names a type wants it
  learn,  // gather the evidence, make nothing
};

// Integers that were read verbatim, as the texts that they were read from. Without nulls.
[[nodiscard]] std::shared_ptr<arrow::ArrayData> texts_of(const arrow::ArrayData& integers);

[[nodiscard]] ColumnPiece read_column(const CsvFields& fields, std::size_t column, const ColumnPlan& plan,
                                      const NullRule& nulls, ColumnTask task);

// The array of many pieces, of 64-bit offsets where texts need them. `pieces` is emptied as it goes.
[[nodiscard]] std::shared_ptr<arrow::Array> join_pieces(std::vector<std::shared_ptr<arrow::ArrayData>>& pieces,
                                                        const ColumnPlan& plan);

}  // namespace mortise::plugins
