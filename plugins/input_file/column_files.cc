// Parquet and Arrow files: tables that know their types, read batch by batch.
#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <utility>

#include "input_file/input_file.h"
#include "lib/arrow_status.h"

namespace mortise::plugins {
namespace {

// One file of either kind.
class Batches {
 public:
  Batches(const std::string& path, const FileSpec& spec) : path_(path), doing_("reading " + path) {
    (void)open_bytes(path, {Encoding::detect, Unpack::none, spec.source.max_bytes});  // for the words of its errors
    file_ = must(arrow::io::ReadableFile::Open(path), doing_);
    if (spec.format == FileSpec::Format::parquet) {
      open_parquet(spec);
    } else {
      open_arrow(spec);
    }
  }

  [[nodiscard]] const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  Batch next() {
    try {
      Batch batch;
      if (stream_) {
        check(stream_->ReadNext(&batch), doing_);
      } else if (at_ < arrow_->num_record_batches()) {
        batch = must(arrow_->ReadRecordBatch(at_++), doing_);
      }
      if (batch) check(batch->ValidateFull(), doing_);
      return batch;
    } catch (const parquet::ParquetException& error) {
      throw broken(error.what());
    }
  }

 private:
  [[nodiscard]] Error broken(const std::string& why) const {
    return Error(Code::invalid, path_ + " is no sound file: " + why, "was it written to the end?").with("file", path_);
  }

  std::vector<int> places(const arrow::Schema& all, const FileSpec& spec) {
    std::vector<int> places;
    for (const std::size_t place : chosen_columns(all.field_names(), spec)) places.push_back(static_cast<int>(place));
    return places;
  }

  void open_parquet(const FileSpec& spec) {
    try {
      parquet::arrow::FileReaderBuilder builder;
      const arrow::Status opened = builder.Open(file_);
      if (!opened.ok()) throw broken(opened.message());
      parquet::ArrowReaderProperties properties;
      properties.set_batch_size(batch_rows);
      properties.set_use_threads(false);
      properties.set_pre_buffer(false);
      builder.properties(properties);
      parquet_ = must(builder.Build(), doing_);
      std::shared_ptr<arrow::Schema> all;
      check(parquet_->GetSchema(&all), doing_);
      std::vector<int> groups(static_cast<std::size_t>(parquet_->num_row_groups()));
      for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int>(i);
      if (spec.columns.empty()) {
        stream_ = must(parquet_->GetRecordBatchReader(groups), doing_);
      } else {
        order_ = places(*all, spec);
        stream_ = must(parquet_->GetRecordBatchReader(groups, leaves(*all)), doing_);
      }
      schema_ = stream_->schema();
    } catch (const parquet::ParquetException& error) {
      throw broken(error.what());
    }
  }

  // Parquet counts the columns of nested ones each by itself.
  std::vector<int> leaves(const arrow::Schema& all) {
    std::vector<int> first;
    int count = 0;
    const std::function<int(const arrow::DataType&)> width = [&](const arrow::DataType& type) {
      if (type.num_fields() == 0) return 1;
      int sum = 0;
      for (const auto& field : type.fields()) sum += width(*field->type());
      return sum;
    };
    for (const auto& field : all.fields()) {
      first.push_back(count);
      count += width(*field->type());
    }
    first.push_back(count);
    std::vector<int> wanted;
    for (const int place : order_) {
      for (int leaf = first[static_cast<std::size_t>(place)]; leaf < first[static_cast<std::size_t>(place) + 1];
           ++leaf) {
        wanted.push_back(leaf);
      }
    }
    return wanted;
  }

  void open_arrow(const FileSpec& spec) {
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.use_threads = false;
    auto whole = arrow::ipc::RecordBatchFileReader::Open(file_, options);
    if (!whole.ok()) throw broken(whole.status().message());
    if (!spec.columns.empty()) {
      options.included_fields = places(*(*whole)->schema(), spec);
      whole = arrow::ipc::RecordBatchFileReader::Open(file_, options);
    }
    arrow_ = must(std::move(whole), doing_);
    schema_ = arrow_->schema();
  }

  std::string path_, doing_;
  std::shared_ptr<arrow::io::ReadableFile> file_;
  std::unique_ptr<parquet::arrow::FileReader> parquet_;
  std::shared_ptr<arrow::RecordBatchReader> stream_;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> arrow_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> order_;
  int at_ = 0;
};

// In the order of `columns`, where they are named.
Batch ordered(const Batch& batch, const FileSpec& spec) {
  if (spec.columns.empty()) return batch;
  std::vector<NamedArray> columns;
  for (const std::string& name : spec.columns) columns.push_back({name, column(*batch, name)});
  return make_batch(columns, batch->num_rows());
}

void each_batch(const std::vector<std::string>& files, const FileSpec& spec, const Watch& watch,
                const std::function<void(const Batch&)>& put) {
  std::int64_t skip = spec.offset;
  std::int64_t left = spec.limit;
  std::shared_ptr<arrow::Schema> schema;
  for (std::size_t i = 0; i < files.size(); ++i) {
    Batches batches(files[i], spec);
    const Batch none = ordered(must(arrow::RecordBatch::MakeEmpty(batches.schema()), "an empty table"), spec);
    if (!schema) {
      schema = none->schema();
      put(none);
    } else if (!none->schema()->Equals(*schema, false)) {
      throw Error(Code::invalid,
                  files[i] + ": its columns are " + none->schema()->ToString() + ", and those of the first file " +
                      schema->ToString(),
                  "name the columns that all files have: `columns: [...]`")
          .with("file", files[i]);
    }
    while (left != 0) {
      const Batch batch = batches.next();
      if (!batch) break;
      const std::int64_t begin = std::min(skip, batch->num_rows());
      skip -= begin;
      const std::int64_t count = left < 0 ? batch->num_rows() - begin : std::min(left, batch->num_rows() - begin);
      if (left > 0) left -= count;
      if (count > 0) put(ordered(batch->Slice(begin, count), spec)->ReplaceSchemaMetadata(nullptr));
      if (watch) watch(static_cast<double>(i) / static_cast<double>(files.size()));
    }
  }
}

void refuse_types(const FileSpec& spec) {
  if (spec.types.empty() && spec.layouts.empty()) return;
  throw Error(Code::invalid, "types: Parquet and Arrow files know their types",
              "leave `types` out; Data_Processing.transform, operation convert, changes them")
      .with("key", "types");
}

}  // namespace

FileTable table_of_parquet(const std::vector<std::string>& files, const FileSpec& spec, const Watch& watch) {
  refuse_types(spec);
  std::vector<Batch> batches;
  std::uint64_t bytes = 0;
  each_batch(files, spec, watch, [&](const Batch& batch) {
    bytes += static_cast<std::uint64_t>(arrow::util::TotalBufferSize(*batch));
    if (bytes > spec.max_memory) {
      throw Error(Code::invalid, "the table takes more than " + std::to_string(spec.max_memory) + " bytes",
                  "say `stream: true` to hand it on in batches, choose `columns`, set a `limit`, or raise max_memory")
          .with("key", "max_memory");
    }
    batches.push_back(batch);
  });
  FileTable result;
  const auto schema = batches.front()->schema()->RemoveMetadata();
  batches.front() = batches.front()->ReplaceSchemaMetadata(nullptr);
  result.table = joined(batches, schema);
  return result;
}

FileStream stream_parquet(const std::vector<std::string>& files, const FileSpec& spec, const OpenSink& open,
                          const Watch& watch) {
  refuse_types(spec);
  FileStream result;
  each_batch(files, spec, watch, [&](const Batch& batch) {
    if (!result.sink) result.sink = open(batch->schema()->RemoveMetadata());
    if (batch->num_rows() > 0) result.sink->write(batch);
  });
  return result;
}

}  // namespace mortise::plugins
