// The face of Output.csv; what it writes is in csv_text.h.
#include "mortise/plugin.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "lib/arrow_output.h"
#include "lib/arrow_status.h"
#include "lib/batches.h"
#include "lib/options.h"
#include "output_csv/csv_text.h"

namespace {

namespace plugins = mortise::plugins;
using mortise::Value;

struct Spec {
  std::string path;
  bool header = true;
  bool mark = false;  // a byte order mark, for spreadsheets
  plugins::Packing packing;
  plugins::CsvStyle style;

  explicit Spec(const Value& config) {
    const plugins::Options options(config);
    options.only({"path", "input", "delimiter", "quote", "quotes", "header", "line_end", "null", "bom", "compression"});
    path = options.required_text("path");
    header = options.flag("header", true);
    mark = options.flag("bom", false);
    const std::string wanted = options.choice("compression", {"auto", "none", "gzip", "zstd"});
    packing = wanted == "auto"   ? plugins::packing_of(path)
              : wanted == "gzip" ? plugins::Packing::gzip
              : wanted == "zstd" ? plugins::Packing::zstd
                                 : plugins::Packing::none;
    style.delimiter = character(options, "delimiter", path.find(".tsv") != std::string::npos ? '\t' : ',');
    style.quote = character(options, "quote", '"');
    if (style.delimiter == style.quote) {
      throw mortise::Error(mortise::Code::invalid, "delimiter and quote are the same character", "change one of them")
          .with("key", "delimiter");
    }
    if (options.choice("quotes", {"needed", "all"}) == "all") style.quotes = plugins::CsvStyle::Quotes::all;
    if (options.choice("line_end", {"lf", "crlf"}) == "crlf") style.line_end = "\r\n";
    style.null_text = options.text("null", "");
    const char wrong[] = {style.delimiter, style.quote, '\n', '\r'};
    if (style.null_text.find_first_of(std::string_view(wrong, sizeof wrong)) != std::string::npos) {
      throw plugins::wrong_option("null", "a text without delimiter, quote and line end", Value(style.null_text));
    }
  }

 private:
  static char character(const plugins::Options& options, std::string_view key, char otherwise) {
    const auto text = options.text(key);
    if (!text) return otherwise;
    if (*text == "tab" || *text == "\\t") return '\t';
    const bool fine =
        text->size() == 1 && static_cast<unsigned char>((*text)[0]) < 0x80 && (*text)[0] != '\n' && (*text)[0] != '\r';
    if (!fine) throw plugins::wrong_option(options.path(key), "one character, or tab", Value(*text));
    return (*text)[0];
  }
};

struct OutputCsv : mortise::Plugin {
  Value validate(Value config, mortise::Call&) override {
    (void)Spec(config);
    return config;
  }

  Value step(mortise::Step& step) override {
    const Spec spec(step.config());
    const Value input = step.input_value();
    const auto source = plugins::open_batches(input, "input");
    const auto file = std::make_shared<plugins::ArrowOutput>(spec.path);
    const auto out = plugins::packed(file, spec.packing);
    const auto put = [&](const std::string& text) {
      const arrow::Status status = out->Write(text.data(), static_cast<std::int64_t>(text.size()));
      if (!status.ok()) file->rethrow();
      plugins::check(status, "writing " + spec.path);
    };
    std::string text = spec.mark ? "\xef\xbb\xbf" : "";
    if (spec.header) plugins::append_csv_header(text, source->schema()->field_names(), spec.style);
    std::int64_t rows = 0;
    constexpr std::int64_t at_once = 8'192;
    while (const plugins::Batch batch = source->next()) {
      for (std::int64_t at = 0; at < batch->num_rows(); at += at_once) {
        step.stop_if_cancelled();
        plugins::append_csv_rows(text, *batch, at, std::min(at + at_once, batch->num_rows()), spec.style);
        put(text);
        text.clear();
      }
      rows += batch->num_rows();
      step.progress(source->rows() > 0 ? static_cast<double>(rows) / static_cast<double>(source->rows()) : 1.0);
    }
    put(text);
    const arrow::Status closed = out->Close();
    if (!closed.ok()) file->rethrow();
    plugins::check(closed, "writing " + spec.path);
    file->commit();
    if (plugins::is_table_file(input)) plugins::give_memory_back();
    step.rows(rows);
    step.info("wrote " + file->file().path(), {{"bytes", file->file().size()}, {"rows", rows}});
    return Value::map({{"path", file->file().path()}, {"bytes", file->file().size()}, {"rows", rows}});
  }
};

}  // namespace

MORTISE_PLUGIN(OutputCsv)
