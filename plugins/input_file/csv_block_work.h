// What is done to one block of a CSV file, on a thread of its own: split it, check it, read the columns that are wanted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "input_file/csv_blocks.h"
#include "input_file/csv_column.h"

namespace mortise::plugins {

struct WantedColumn {
  std::size_t place = 0;  // in the record
  std::string name;
  ColumnPlan plan;
  ColumnTask task = ColumnTask::guess;
  bool skip = false;  // its piece is there already
};

// A row that is left out, or that ends the work. Lines count from the beginning of the block, from 0.
struct BadRow {
  std::int64_t line = 0;
  std::string column;  // empty: the record as a whole
  std::string text;    // of the field, or of the record
  std::string what, expected, got, hint;
};

struct BlockJob {
  CsvBlock block;
  CsvDialect dialect;
  std::size_t width = 0;
  std::vector<WantedColumn> columns;
  const NullRule* nulls = nullptr;
  bool reject = false;     // bad rows are left out; otherwise the first one ends the work
  std::int64_t skip = 0;   // rows to leave out before
  std::int64_t take = -1;  // rows to read; -1: all
};

struct BlockResult {
  std::int64_t lines = 0;
  std::int64_t rows = 0;            // in the pieces
  std::int64_t skipped = 0;         // of `skip`
  std::vector<ColumnPiece> pieces;  // one for each column; empty where it was to be skipped
  std::vector<ColumnPlan> plans;    // that they were read by
  std::vector<BadRow> rejects;
  std::optional<BadRow> fault;
};

[[nodiscard]] BlockResult work_on(BlockJob job);

}  // namespace mortise::plugins
