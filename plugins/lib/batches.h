// Tables in batches, so that a step can work on more rows than memory holds.
//
// A table reaches a step in one of two ways: in memory, as a table leaf (or as rows, see table.h), or as a **table file**: a map
// that names a file in Arrow's IPC format in the folder of the run,
//
//   {table_file: "/.../runs/run_1/days.arrow", row_count: 10000000, column_count: 4, columns: [...], bytes: 123456789}
//
// A step reads either by open_batches(), works on one batch at a time, and hands its own batches to a TableSink, which makes
// the same kind of table as came in unless the step's config key `stream` says otherwise. The file is removed with the run's
// folder. Files hold at most `batch_rows` rows in a batch, so that a reader knows how much memory a batch can take.
//
// Set aside: memory that is shared and swapped out (what is mapped counts as used), and steps that run at the same time with
// a queue between them (a step that is tried again would need its input again).
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/table.h"
#include "mortise/plugin.hpp"

namespace mortise::plugins {

inline constexpr std::int64_t batch_rows = 65'536;

[[nodiscard]] bool is_table_file(const Value& value) noexcept;

class BatchSource {
 public:
  virtual ~BatchSource() = default;
  [[nodiscard]] virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  [[nodiscard]] virtual Batch next() = 0;  // null at the end
  [[nodiscard]] virtual std::int64_t rows() const = 0;
};

// A table in memory is one batch, however long. `what` names the value in errors. Error{not_found} when a table file is gone.
// `columns`: of a file, only these are read (absent ones are left to the caller to miss); empty: all.
[[nodiscard]] std::unique_ptr<BatchSource> open_batches(const Value& value, std::string_view what,
                                                        const std::vector<std::string>& columns = {});

class TableSink {
 public:
  virtual ~TableSink() = default;
  virtual void write(const Batch& batch) = 0;  // all of one schema
  // The table; nothing can be written afterwards. Without it nothing is left behind.
  [[nodiscard]] virtual Value finish() = 0;
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }

 protected:
  std::int64_t rows_ = 0;
};

[[nodiscard]] std::unique_ptr<TableSink> memory_sink(std::shared_ptr<arrow::Schema> schema);
// `path` names the file; its folder is made.
[[nodiscard]] std::unique_ptr<TableSink> file_sink(std::shared_ptr<arrow::Schema> schema, std::string path);

enum class Handover { memory, file };

// As the config key `stream` says; absent: as the input came.
[[nodiscard]] Handover handover_of(const Value& config, const Value& input);
// A new name in the folder of the step's run.
[[nodiscard]] std::string table_file_path(Step& step);
[[nodiscard]] std::unique_ptr<TableSink> open_sink(Step& step, Handover handover,
                                                   std::shared_ptr<arrow::Schema> schema);

struct Streamed {
  Value table;
  std::int64_t rows_in = 0;
  std::int64_t rows_out = 0;
};
// Takes a batch and the number of its first row; gives what becomes of it. The same schema goes in and out every time.
using BatchWork = std::function<Batch(const Batch&, std::int64_t)>;
// Every batch of the input through `work`, into a table as handover_of says. Reports progress, stops when cancelled. The
// schema of the result is that of the first batch, also where there are no rows.
[[nodiscard]] Streamed stream_batches(Step& step, const Value& input, const BatchWork& work);

// Gives the system the memory that is free in this process: a worker that waits for its next step holds what it needs. Call
// after work on many batches; some milliseconds.
void give_memory_back();

// All batches as one, of the same schema.
[[nodiscard]] Batch joined(const std::vector<Batch>& batches, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace mortise::plugins
