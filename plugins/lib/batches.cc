#include "lib/batches.h"

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/compression.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <system_error>
#include <utility>

#include "lib/arrow_status.h"
#include "lib/options.h"

namespace mortise::plugins {
namespace {

using SchemaPtr = std::shared_ptr<arrow::Schema>;

class MemorySource : public BatchSource {
 public:
  explicit MemorySource(Batch batch) : batch_(std::move(batch)), schema_(batch_->schema()), rows_(batch_->num_rows()) {}
  [[nodiscard]] const SchemaPtr& schema() const override { return schema_; }
  [[nodiscard]] Batch next() override { return std::exchange(batch_, nullptr); }
  [[nodiscard]] std::int64_t rows() const override { return rows_; }

 private:
  Batch batch_;
  SchemaPtr schema_;
  std::int64_t rows_;
};

// Read by `read`, not mapped: a mapped page counts as memory of the process that looks at it.
class FileSource : public BatchSource {
 public:
  FileSource(const Value& value, std::string_view what, const std::vector<std::string>& columns)
      : what_("reading " + std::string(what)) {
    const std::string path(value.at("table_file").as_string());
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      throw Error(Code::not_found, std::string(what) + ": its table file is gone: " + path,
                  "table files live as long as their run; run the step that made it again")
          .with("file", path);
    }
    const auto file = must(arrow::io::ReadableFile::Open(path), what_);
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.use_threads = false;
    if (!columns.empty()) {
      const auto all = must(arrow::ipc::RecordBatchFileReader::Open(file, options), what_)->schema();
      for (int i = 0; i < all->num_fields(); ++i) {
        const bool wanted = std::find(columns.begin(), columns.end(), all->field(i)->name()) != columns.end();
        if (wanted) options.included_fields.push_back(i);
      }
      if (options.included_fields.empty()) options.included_fields.push_back(0);  // the rows still count
    }
    reader_ = must(arrow::ipc::RecordBatchFileReader::Open(file, options), what_);
    schema_ = reader_->schema();
    const Value* rows = value.find("row_count");
    rows_ = rows != nullptr && rows->is(Kind::int64) ? rows->as_int64() : must(reader_->CountRows(), what_);
  }
  [[nodiscard]] const SchemaPtr& schema() const override { return schema_; }
  [[nodiscard]] Batch next() override {
    if (at_ == reader_->num_record_batches()) return nullptr;
    Batch batch = must(reader_->ReadRecordBatch(at_++), what_);
    check(batch->Validate(), what_);
    return batch;
  }
  [[nodiscard]] std::int64_t rows() const override { return rows_; }

 private:
  std::string what_;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader_;
  SchemaPtr schema_;
  int at_ = 0;
  std::int64_t rows_ = 0;
};

class MemorySink : public TableSink {
 public:
  explicit MemorySink(SchemaPtr schema) : schema_(std::move(schema)) {}
  void write(const Batch& batch) override {
    rows_ += batch->num_rows();
    batches_.push_back(batch);
  }
  [[nodiscard]] Value finish() override {
    const Batch batch = joined(batches_, schema_);
    batches_.clear();
    return write_table(batch);
  }

 private:
  SchemaPtr schema_;
  std::vector<Batch> batches_;
};

class FileSink : public TableSink {
 public:
  FileSink(SchemaPtr schema, std::string path) : schema_(std::move(schema)), path_(std::move(path)) {
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
    if (error) {
      throw Error(Code::denied, "cannot make the folder of " + path_ + ": " + error.message(),
                  "the plugin needs the permission file_system to stream")
          .with("file", path_);
    }
    auto options = arrow::ipc::IpcWriteOptions::Defaults();
    options.codec = must(arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME), doing_);
    options.use_threads = false;
    file_ = must(arrow::io::FileOutputStream::Open(path_), doing_);
    writer_ = must(arrow::ipc::MakeFileWriter(file_, schema_, options), doing_);
  }
  ~FileSink() override {
    if (finished_) return;
    if (file_) (void)file_->Close();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  void write(const Batch& batch) override {
    for (std::int64_t at = 0; at < batch->num_rows(); at += batch_rows) {
      const auto part = batch->num_rows() <= batch_rows ? batch : batch->Slice(at, batch_rows);
      const arrow::Status status = writer_->WriteRecordBatch(*part);
      if (status.IsIOError()) {
        throw Error(Code::busy, "cannot write " + path_ + ": " + status.message(), "is the disk full?")
            .with("file", path_);
      }
      check(status, doing_);
    }
    rows_ += batch->num_rows();
  }
  [[nodiscard]] Value finish() override {
    check(writer_->Close(), doing_);
    const std::int64_t bytes = must(file_->Tell(), doing_);
    check(file_->Close(), doing_);
    finished_ = true;
    Value names = Value::list();
    for (const std::string& name : schema_->field_names()) names.push_back(Value(name));
    return Value::map({{"table_file", path_},
                       {"row_count", rows_},
                       {"column_count", static_cast<std::int64_t>(schema_->num_fields())},
                       {"columns", names},
                       {"bytes", bytes}});
  }

 private:
  static constexpr auto doing_ = "writing a table file";
  SchemaPtr schema_;
  std::string path_;
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  bool finished_ = false;
};

std::string folder_of_run(const Value& run) {
  const Value* folder = run.find("folder");
  if (folder != nullptr && folder->is(Kind::string) && !folder->as_string().empty())
    return std::string(folder->as_string());
  throw Error(Code::unsupported, "this host gives its runs no folder, so tables cannot be streamed",
              "leave `stream` out");
}

}  // namespace

bool is_table_file(const Value& value) noexcept {
  if (!value.is(Kind::map)) return false;
  const Value* path = value.find("table_file");
  return path != nullptr && path->is(Kind::string);
}

std::unique_ptr<BatchSource> open_batches(const Value& value, std::string_view what,
                                          const std::vector<std::string>& columns) {
  if (is_table_file(value)) return std::make_unique<FileSource>(value, what, columns);
  return std::make_unique<MemorySource>(read_table(value, what));
}

std::unique_ptr<TableSink> memory_sink(SchemaPtr schema) { return std::make_unique<MemorySink>(std::move(schema)); }

std::unique_ptr<TableSink> file_sink(SchemaPtr schema, std::string path) {
  return std::make_unique<FileSink>(std::move(schema), std::move(path));
}

Handover handover_of(const Value& config, const Value& input) {
  const Options options(config);
  return options.flag("stream", is_table_file(input)) ? Handover::file : Handover::memory;
}

std::string table_file_path(Step& step) {
  static std::atomic<int> count{0};
  std::string name = std::string(step.output_key().empty() ? step.name() : step.output_key());
  for (char& c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  name.resize(std::min<std::size_t>(name.size(), 64));
  return folder_of_run(step.run()) + "/" + name + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count) +
         ".arrow";
}

std::unique_ptr<TableSink> open_sink(Step& step, Handover handover, SchemaPtr schema) {
  if (handover == Handover::memory) return memory_sink(std::move(schema));
  return file_sink(std::move(schema), table_file_path(step));
}

void give_memory_back() {
  arrow::default_memory_pool()->ReleaseUnused();
  ::malloc_trim(0);
}

Streamed stream_batches(Step& step, const Value& input, const BatchWork& work) {
  const auto source = open_batches(input, "input");
  const Handover handover = handover_of(step.config(), input);
  Streamed result;
  std::unique_ptr<TableSink> sink;
  const auto put = [&](const Batch& batch) {
    if (!sink) sink = open_sink(step, handover, batch->schema());
    sink->write(batch);
  };
  while (const Batch batch = source->next()) {
    step.stop_if_cancelled();
    put(work(batch, result.rows_in));
    result.rows_in += batch->num_rows();
    if (source->rows() > 0) step.progress(static_cast<double>(result.rows_in) / static_cast<double>(source->rows()));
  }
  if (!sink) put(work(must(arrow::RecordBatch::MakeEmpty(source->schema()), "an empty table"), 0));
  result.rows_out = sink->rows();
  result.table = sink->finish();
  sink.reset();
  if (handover == Handover::file) give_memory_back();
  return result;
}

Batch joined(const std::vector<Batch>& batches, const SchemaPtr& schema) {
  if (batches.size() == 1) return batches.front();
  if (batches.empty()) return must(arrow::RecordBatch::MakeEmpty(schema), "an empty table");
  const auto table = must(arrow::Table::FromRecordBatches(schema, batches), "joining batches");
  return must(table->CombineChunksToBatch(), "joining batches");
}

}  // namespace mortise::plugins
