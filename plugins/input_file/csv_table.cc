// CSV into a table: blocks of the files are read by several threads, each column by a plan for its type.
//
// The first rows make the plan, and every later row is held to it. Where one does not fit, its block tells what it holds
// instead, the plan becomes wider for what follows, and the pieces that were read by another plan are read again at the end. So the
// whole file decides about types, nothing is converted on a guess that turned out wrong, and a file without surprises is
// read once. Where bad rows are rejected the first rows decide, and later ones that do not fit are the bad rows.
//
// In memory are a few blocks for each thread, and the table; or, where it goes to a sink, only the blocks.
#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>
#include <utility>

#include "input_file/block_pool.h"
#include "input_file/csv_block_work.h"
#include "input_file/csv_shape.h"
#include "input_file/input_file.h"
#include "lib/arrow_status.h"
#include "lib/suggest.h"

namespace mortise::plugins {
namespace {

struct TableColumn {
  std::string name;
  ColumnPlan plan;
  ColumnTask task = ColumnTask::guess;
  TextType evidence;
  std::vector<std::shared_ptr<arrow::ArrayData>> pieces;  // one for each block
  std::vector<ColumnPlan> plans;                          // that each was read by
  std::vector<bool> verbatim;                             // of each: see ColumnPiece
};

ColumnPlan plan_of(const TextType& evidence) {
  ColumnPlan plan;
  plan.type = evidence.type();
  plan.layout = evidence.layout();
  const bool time = plan.type == ColumnType::time || plan.type == ColumnType::zoned_time;
  plan.decimals = time ? evidence.decimals_of_second() : 0;
  plan.empty = !evidence.any();
  plan.undecided = evidence.undecided();
  return plan;
}

class Rejects {
 public:
  void add(const std::string& path, std::int64_t line, const BadRow& row) {
    check(file_.Append(path), doing_);
    check(line_.Append(line), doing_);
    check(row.column.empty() ? column_.AppendNull() : column_.Append(row.column), doing_);
    check(text_.Append(row.text), doing_);
    check(reason_.Append(row.what), doing_);
  }
  [[nodiscard]] std::int64_t size() const { return line_.length(); }
  [[nodiscard]] Batch finish() {
    const std::int64_t rows = size();
    return make_batch({{"file", must(file_.Finish(), doing_)},
                       {"line", must(line_.Finish(), doing_)},
                       {"column", must(column_.Finish(), doing_)},
                       {"text", must(text_.Finish(), doing_)},
                       {"reason", must(reason_.Finish(), doing_)}},
                      rows);
  }

 private:
  static constexpr auto doing_ = "rejecting rows";
  arrow::StringBuilder file_, column_, text_, reason_;
  arrow::Int64Builder line_;
};

class CsvTable {
 public:
  CsvTable(const std::vector<OpenSource>& files, const FileSpec& spec, const OpenSink& open, const Watch& watch)
      : files_(files), spec_(spec), open_(open), watch_(watch), nulls_{spec.null_values}, pool_(threads_of(spec)) {}

  // Without `open`: into pieces.
  FileStream read() {
    pass();
    if (open_) stale_ = stale_ || undecided_at_the_end();
    if (open_ && stale_) {  // the types turned out different after rows had been written
      (void)misread();
      sink_.reset();
      stale_ = false;
      final_ = true;
      pass();
    } else if (!open_ && misread()) {
      final_ = true;
      pass();
    }
    FileStream result;
    if (open_) {
      if (!sink_) sink_ = open_(schema());
      result.sink = std::move(sink_);
    } else {
      result.about.table = joined_table();
    }
    result.about.delimiter = delimiter_;
    result.about.notes = notes();
    if (spec_.on_error == FileSpec::OnError::reject) result.about.rejects = rejects_.finish();
    return result;
  }

 private:
  struct Pending {
    std::future<BlockResult> result;
    const std::string* path;
    std::int64_t* line;  // of the file, at the beginning of the next block
    std::size_t bytes;
  };

  static unsigned threads_of(const FileSpec& spec) {
    // Which rows a block may give is known only when those before it are counted.
    if (spec.limit >= 0 || spec.offset > 0) return 1;
    return spec.threads > 0 ? spec.threads : std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  }

  [[nodiscard]] bool one_by_one() const { return spec_.limit >= 0 || spec_.offset > 0; }
  [[nodiscard]] bool done() const { return spec_.limit >= 0 && rows_ >= spec_.limit; }

  void pass() {
    rows_ = skipped_ = 0;
    block_ = 0;
    bytes_ = 0;
    for (std::size_t i = 0; i < files_.size() && !done(); ++i) read_file(i);
  }

  void read_file(std::size_t number) {
    const auto source = files_[number]();
    CsvBlocks blocks(*source, spec_.skip, {spec_.block, spec_.max_record});
    const std::string_view head = blocks.head();
    const CsvShape shape = read_shape(head, head.size() < spec_.block, source->path(), blocks.first_line(), spec_);
    std::int64_t line = shape.first_line;
    if (columns_.empty() && number == 0) {
      delimiter_ = shape.dialect.delimiter;
      header_ = shape.has_header;
      use_names(shape.names);
    }
    const std::vector<std::size_t> places = places_of(shape.names, source->path());
    if (!planned_) plan(head.substr(shape.header_bytes), head.size() < spec_.block, shape, places);
    blocks.begin(shape.dialect, shape.header_bytes);
    std::deque<Pending> pending;
    const std::size_t most = one_by_one() ? 1 : pool_.threads() * 2;
    CsvBlock block;
    while (!done() && blocks.next(block)) {
      const std::size_t bytes = block.size;
      pending.push_back({submit(std::move(block), shape, places), &source->path(), &line, bytes});
      block = {};
      if (pending.size() >= most) take(pending);
      if (watch_) watch_((static_cast<double>(number) + source->progress()) / static_cast<double>(files_.size()));
    }
    while (!pending.empty()) take(pending);
  }

  // ---- columns and plans

  void use_names(const std::vector<std::string>& names) {
    check_typed_columns(names, spec_);
    for (const std::size_t place : chosen_columns(names, spec_)) {
      TableColumn column;
      column.name = names[place];
      if (const auto type = spec_.types.find(column.name); type != spec_.types.end()) {
        column.plan.type = type->second;
        column.plan.decimals = 9;
        column.task = ColumnTask::insist;
      }
      if (const auto layout = spec_.layouts.find(column.name); layout != spec_.layouts.end()) {
        column.plan.wanted_layout = &layout->second;
        column.task = ColumnTask::insist;
        if (spec_.types.find(column.name) == spec_.types.end()) {
          column.plan.type = layout->second.has_zone()   ? ColumnType::zoned_time
                             : layout->second.has_time() ? ColumnType::time
                                                         : ColumnType::date;
          column.plan.decimals = layout->second.pattern().find("%f") == std::string::npos ? 0 : 9;
        }
      }
      columns_.push_back(std::move(column));
    }
    names_ = names;
  }

  std::vector<std::size_t> places_of(const std::vector<std::string>& names, const std::string& path) const {
    std::vector<std::size_t> places;
    for (const TableColumn& column : columns_) {
      const auto found = std::find(names.begin(), names.end(), column.name);
      if (found == names.end()) {
        throw Error(Code::invalid, path + ": no column '" + column.name + "', which the first file has",
                    suggestion(column.name, names))
            .with("file", path)
            .with("column", column.name);
      }
      places.push_back(static_cast<std::size_t>(found - names.begin()));
    }
    if (spec_.columns.empty() && names.size() != names_.size()) {
      throw Error(Code::invalid,
                  path + ": " + std::to_string(names.size()) + " columns, and the first file has " +
                      std::to_string(names_.size()),
                  "name the columns that all files have: `columns: [...]`")
          .with("file", path);
    }
    return places;
  }

  // From the first rows of those that are wanted.
  void plan(std::string_view head, bool whole, const CsvShape& shape, const std::vector<std::size_t>& places) {
    planned_ = true;
    const bool reject = spec_.on_error == FileSpec::OnError::reject;
    std::int64_t wanted = reject ? spec_.infer_rows : 2'000;
    if (spec_.limit >= 0) wanted = std::min(wanted, spec_.limit);
    std::string text(reject ? head : head.substr(0, 256 << 10));
    whole = whole && text.size() == head.size();
    const std::size_t size = text.size();
    text.resize(size + CsvFields::padding);
    const CsvFields fields(std::string_view(text).substr(0, size), shape.dialect, shape.names.size());
    // The last record of a part may be cut within a field.
    const std::size_t rows = fields.rows() - (whole || fields.rows() == 0 ? 0 : 1);
    const std::size_t begin = std::min(rows, static_cast<std::size_t>(spec_.offset));
    const std::size_t end = std::min(rows, begin + static_cast<std::size_t>(wanted));
    std::string scratch;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      TableColumn& column = columns_[i];
      if (column.task == ColumnTask::insist) continue;
      TextType evidence;
      for (std::size_t row = begin; row < end; ++row) {
        const std::string_view value = fields.text(row, places[i], scratch);
        if (!nulls_.hard(value, fields.quoted(row, places[i])) && !nulls_.soft(value)) evidence.add(value);
      }
      column.plan = plan_of(evidence);
      if (!reject) continue;
      column.task = ColumnTask::hold;
      column.plan.empty = column.plan.undecided = false;
      const bool time = column.plan.type == ColumnType::time || column.plan.type == ColumnType::zoned_time;
      if (time) column.plan.decimals = std::max(column.plan.decimals, 6);
      if (evidence.ambiguous_dates()) ambiguous_.push_back(column.name);
    }
  }

  // ---- blocks

  std::future<BlockResult> submit(CsvBlock block, const CsvShape& shape, const std::vector<std::size_t>& places) {
    auto job = std::make_shared<BlockJob>();
    job->block = std::move(block);
    job->dialect = shape.dialect;
    job->width = shape.names.size();
    job->nulls = &nulls_;
    job->reject = spec_.on_error == FileSpec::OnError::reject;
    if (one_by_one()) {
      job->skip = spec_.offset - skipped_;
      if (spec_.limit >= 0) job->take = spec_.limit - rows_;
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      WantedColumn wanted{places[i], columns_[i].name, columns_[i].plan, columns_[i].task, false};
      if (stale_ && wanted.task == ColumnTask::guess) wanted.task = ColumnTask::learn;
      if (stale_ && wanted.plan.type == ColumnType::text && !wanted.plan.empty && !wanted.plan.undecided) {
        wanted.skip = true;
      }
      if (final_ && wanted.task == ColumnTask::guess) wanted.task = ColumnTask::hold;
      if (final_ && !open_) wanted.skip = submitted_plan(i).same_as(wanted.plan);
      job->columns.push_back(std::move(wanted));
    }
    ++block_;
    return pool_.submit([job] { return work_on(std::move(*job)); });
  }

  // Of the block that is submitted next.
  const ColumnPlan& submitted_plan(std::size_t column) const {
    const auto& plans = columns_[column].plans;
    if (block_ >= plans.size()) throw changed();
    return plans[block_];
  }

  static Error changed() {
    return Error(Code::busy, "the file changed while it was read", "read it when nobody writes to it");
  }

  void take(std::deque<Pending>& pending) {
    Pending first = std::move(pending.front());
    pending.pop_front();
    BlockResult result = first.result.get();
    if (result.fault) {
      const BadRow& bad = *result.fault;
      if (final_ && !bad.column.empty()) throw changed();
      Error error = error_at(*first.path, *first.line + bad.line, bad.what, bad.expected, bad.got, bad.hint);
      throw bad.column.empty() ? error : error.with("column", bad.column);
    }
    if (!final_) {
      for (const BadRow& bad : result.rejects) reject(*first.path, *first.line + bad.line, bad);
    }
    *first.line += result.lines;
    rows_ += result.rows;
    skipped_ += result.skipped;
    bytes_ += first.bytes;
    if (open_) {
      put(result);
    } else {
      keep(result);
    }
  }

  void reject(const std::string& path, std::int64_t line, const BadRow& bad) {
    if (rejects_.size() >= spec_.max_rejects) {
      throw error_at(path, line, "more than " + std::to_string(spec_.max_rejects) + " bad rows; this one: " + bad.what,
                     bad.expected, bad.got,
                     "raise max_rejects if so many are right; or name the column's type in `types`")
          .with("key", "max_rejects");
    }
    rejects_.add(path, line, bad);
  }

  // Widens the plans by what the block says. True when one changed.
  bool learn(const BlockResult& result) {
    bool widened = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      TableColumn& column = columns_[i];
      if (column.task != ColumnTask::guess) continue;
      column.evidence.merge(result.pieces[i].evidence);
      const ColumnPlan plan = plan_of(column.evidence);
      // A plan from the first rows is as wide as all that was seen since, except where that fits less.
      const bool text = result.plans[i].type == ColumnType::text && column.plan.type != ColumnType::text;
      if ((result.pieces[i].data == nullptr || text) && !plan.same_as(column.plan)) {
        column.plan = plan;
        widened = true;
      }
    }
    return widened;
  }

  void keep(BlockResult& result) {
    const std::size_t number = kept_blocks_;
    if (final_) {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (result.pieces[i].data == nullptr) continue;
        TableColumn& column = columns_[i];
        if (column.pieces[number] != nullptr && column.pieces[number]->length != result.pieces[i].data->length)
          throw changed();
        column.pieces[number] = std::move(result.pieces[i].data);
      }
      ++kept_blocks_;
      return;
    }
    (void)learn(result);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      ColumnPlan read_by = result.plans[i];
      if (result.pieces[i].data == nullptr) read_by.decimals = -1;  // by none
      columns_[i].plans.push_back(read_by);
      columns_[i].verbatim.push_back(result.pieces[i].verbatim);
      columns_[i].pieces.push_back(std::move(result.pieces[i].data));
    }
    if (bytes_ > spec_.max_memory) {
      throw Error(Code::invalid,
                  "the table comes from more than " + std::to_string(spec_.max_memory) + " bytes of text",
                  "say `stream: true` to hand it on in batches, choose `columns`, set a `limit`, or raise max_memory")
          .with("key", "max_memory");
    }
  }

  void put(BlockResult& result) {
    if (!final_) {
      const bool before = stale_;
      if (learn(result) && sink_) stale_ = true;
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const bool other = result.pieces[i].data == nullptr || !result.plans[i].same_as(columns_[i].plan);
        if (other && columns_[i].task == ColumnTask::guess) stale_ = true;
      }
      if (stale_) {
        if (!before) sink_.reset();
        return;
      }
    }
    if (!sink_) sink_ = open_(schema());
    std::vector<NamedArray> arrays;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (result.pieces[i].data == nullptr) throw changed();
      arrays.push_back({columns_[i].name, arrow::MakeArray(result.pieces[i].data)});
    }
    sink_->write(make_batch(arrays, result.rows));
  }

  // ---- the end

  // A column that was read as text shows only as a whole what its dates mean.
  [[nodiscard]] bool undecided_at_the_end() const {
    for (const TableColumn& column : columns_) {
      if (column.task == ColumnTask::guess && !plan_of(column.evidence).same_as(column.plan)) return true;
    }
    return false;
  }

  // The last word about types; true when a piece was read by another plan.
  bool misread() {
    bool any = false;
    kept_blocks_ = 0;
    for (TableColumn& column : columns_) {
      if (column.task == ColumnTask::guess) {
        column.plan = plan_of(column.evidence);
        if (column.plan.type == ColumnType::text) integers_to_texts(column);
      }
      for (const ColumnPlan& plan : column.plans) any = any || !plan.same_as(column.plan);
    }
    return any;
  }

  // A misfit late in a large file does not mean that all of it is read again: an integer says what its text was.
  static void integers_to_texts(TableColumn& column) {
    for (std::size_t i = 0; i < column.pieces.size(); ++i) {
      auto& piece = column.pieces[i];
      if (column.plans[i].type != ColumnType::integer || !column.verbatim[i] || !piece || piece->null_count != 0) continue;
      piece = texts_of(*piece);
      column.plans[i] = column.plan;
    }
  }

  [[nodiscard]] std::shared_ptr<arrow::Schema> schema() const {
    arrow::FieldVector fields;
    for (const TableColumn& column : columns_) fields.push_back(arrow::field(column.name, arrow_type(column.plan)));
    return arrow::schema(std::move(fields));
  }

  Batch joined_table() {
    std::vector<NamedArray> arrays;
    for (TableColumn& column : columns_) arrays.push_back({column.name, join_pieces(column.pieces, column.plan)});
    return make_batch(arrays, rows_);
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (spec_.header == FileSpec::Header::detect && !header_) {
      notes.push_back(
          "the first line looks like data, so the columns are named column_1 ...; say `header: true` if it has names");
    }
    for (const TableColumn& column : columns_) {
      if (column.evidence.rounded() > 0 && column.task == ColumnTask::guess) {
        notes.push_back("column '" + column.name + "': " + std::to_string(column.evidence.rounded()) +
                        " values have more digits than float64 holds; give it the type text to keep them");
      }
      const bool named = std::find(ambiguous_.begin(), ambiguous_.end(), column.name) != ambiguous_.end();
      if (column.evidence.ambiguous_dates() || named) {
        notes.push_back("column '" + column.name +
                        "' stays text: its dates could have the day or the month first; say which: layouts: {" +
                        column.name + ": \"%d/%m/%Y\"}");
      }
    }
    return notes;
  }

  const std::vector<OpenSource>& files_;
  const FileSpec& spec_;
  const OpenSink& open_;
  const Watch& watch_;
  const NullRule nulls_;
  std::vector<TableColumn> columns_;
  std::vector<std::string> names_;
  std::vector<std::string> ambiguous_;
  Rejects rejects_;
  std::unique_ptr<TableSink> sink_;
  char delimiter_ = '\0';
  bool header_ = true;
  bool planned_ = false;
  bool stale_ = false;  // what went to the sink has other types
  bool final_ = false;  // the second time, with the types that hold
  std::int64_t rows_ = 0, skipped_ = 0;
  std::size_t block_ = 0, kept_blocks_ = 0;
  std::uint64_t bytes_ = 0;
  BlockPool<BlockResult> pool_;  // last: its threads use the rules above
};

}  // namespace

FileTable table_of_csv(const std::vector<OpenSource>& files, const FileSpec& spec, const Watch& watch) {
  const OpenSink none;
  return CsvTable(files, spec, none, watch).read().about;
}

FileStream stream_csv(const std::vector<OpenSource>& files, const FileSpec& spec, const OpenSink& open,
                      const Watch& watch) {
  return CsvTable(files, spec, open, watch).read();
}

}  // namespace mortise::plugins
