// Output.parquet: a table as a Parquet file, row group by row group.
#include "mortise/plugin.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include <algorithm>
#include <exception>

#include "lib/arrow_output.h"
#include "lib/arrow_status.h"
#include "lib/batches.h"
#include "lib/options.h"

namespace {

namespace plugins = mortise::plugins;
using mortise::Value;

struct Spec {
  std::string path;
  arrow::Compression::type compression;
  std::int64_t group_rows;

  explicit Spec(const Value& config) {
    const plugins::Options options(config);
    options.only({"path", "input", "compression", "row_group_rows"});
    path = options.required_text("path");
    const std::string wanted = options.choice("compression", {"zstd", "snappy", "gzip", "lz4", "none"});
    compression = wanted == "zstd"     ? arrow::Compression::ZSTD
                  : wanted == "snappy" ? arrow::Compression::SNAPPY
                  : wanted == "gzip"   ? arrow::Compression::GZIP
                  : wanted == "lz4"    ? arrow::Compression::LZ4
                                       : arrow::Compression::UNCOMPRESSED;
    group_rows = options.integer("row_group_rows", 1, 16'777'216).value_or(262'144);
  }
};

struct OutputParquet : mortise::Plugin {
  Value validate(Value config, mortise::Call&) override {
    (void)Spec(config);
    return config;
  }

  Value step(mortise::Step& step) override {
    const Spec spec(step.config());
    const Value input = step.input_value();
    const auto source = plugins::open_batches(input, "input");
    const auto file = std::make_shared<plugins::ArrowOutput>(spec.path);
    const std::string doing = "writing " + spec.path;
    std::int64_t rows = 0;
    try {
      rows = write(step, spec, *source, file, doing);
    } catch (const parquet::ParquetException& error) {
      file->rethrow();
      throw mortise::Error(mortise::Code::plugin, doing + ": " + error.what());
    } catch (const mortise::Error&) {
      file->rethrow();
      throw;
    }
    file->commit();
    if (plugins::is_table_file(input)) plugins::give_memory_back();
    step.rows(rows);
    step.info("wrote " + file->file().path(), {{"bytes", file->file().size()}, {"rows", rows}});
    return Value::map({{"path", file->file().path()}, {"bytes", file->file().size()}, {"rows", rows}});
  }

 private:
  // The schema is kept beside Parquet's own, so that whoever reads with Arrow gets the very same types.
  static std::int64_t write(mortise::Step& step, const Spec& spec, plugins::BatchSource& source,
                            const std::shared_ptr<plugins::ArrowOutput>& file, const std::string& doing) {
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(spec.compression)
                                ->max_row_group_length(spec.group_rows)
                                ->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    const auto writer = plugins::must(parquet::arrow::FileWriter::Open(*source.schema(), arrow::default_memory_pool(),
                                                                       file, properties, arrow_properties),
                                      doing);
    std::int64_t rows = 0;
    while (const plugins::Batch batch = source.next()) {
      for (std::int64_t at = 0; at < batch->num_rows(); at += plugins::batch_rows) {
        step.stop_if_cancelled();
        plugins::check(writer->WriteRecordBatch(*batch->Slice(at, plugins::batch_rows)), doing);
      }
      rows += batch->num_rows();
      step.progress(source.rows() > 0 ? static_cast<double>(rows) / static_cast<double>(source.rows()) : 1.0);
    }
    plugins::check(writer->Close(), doing);
    return rows;
  }
};

}  // namespace

MORTISE_PLUGIN(OutputParquet)
