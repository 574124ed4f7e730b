// The face of Input.file; what it does is in input_file.h.
#include "mortise/plugin.hpp"

#include <arrow/record_batch.h>

#include "input_file/csv_fields.h"
#include "input_file/input_file.h"
#include "lib/options.h"

namespace {

namespace plugins = mortise::plugins;
using mortise::Value;

struct InputFile : mortise::Plugin {
  Value validate(Value config, mortise::Call&) override {
    (void)plugins::read_file_spec(config);
    return config;
  }

  Value step(mortise::Step& step) override {
    const plugins::FileSpec spec = plugins::read_file_spec(step.config());
    switch (spec.format) {
      case plugins::FileSpec::Format::text: return spec.lines ? lines(step, spec) : contents(step, spec);
      case plugins::FileSpec::Format::binary: return contents(step, spec);
      case plugins::FileSpec::Format::excel: return sheet(step, spec);
      default: return table(step, spec);
    }
  }

 private:
  static Value table(mortise::Step& step, const plugins::FileSpec& spec) {
    const plugins::Watch watch = [&step](double fraction) {
      step.stop_if_cancelled();
      step.progress(fraction);
    };
    const plugins::Options options(step.config());
    Value table;
    plugins::FileTable about;
    std::int64_t rows = 0;
    if (options.flag("stream", false)) {
      auto streamed = plugins::stream_table_file(spec, opener(step), watch);
      rows = streamed.sink->rows();
      table = streamed.sink->finish();
      about = std::move(streamed.about);
      streamed.sink.reset();
      plugins::give_memory_back();
    } else {
      about = plugins::read_table_file(spec, watch);
      rows = about.table->num_rows();
      table = plugins::write_table(about.table);
    }
    step.rows(rows);
    for (const std::string& note : about.notes) step.warning(note);
    if (about.rejects) reject(step, options, about.rejects);
    step.info("read " + spec.path, {{"rows", rows}});
    return table;
  }

  static plugins::OpenSink opener(mortise::Step& step) {
    return [&step](const std::shared_ptr<arrow::Schema>& schema) {
      return plugins::open_sink(step, plugins::Handover::file, schema);
    };
  }

  static void reject(mortise::Step& step, const plugins::Options& options, const plugins::Batch& rejects) {
    const std::string key = options.text("rejects", std::string(step.output_key()) + "_rejects");
    step.put(key, plugins::write_table(rejects));
    if (rejects->num_rows() > 0) step.warning("rows were rejected", {{"rows", rejects->num_rows()}, {"table", key}});
  }

  // One file as it is; several as rows of path and content.
  static Value contents(mortise::Step& step, const plugins::FileSpec& spec) {
    const std::vector<std::string> files = plugins::paths(spec);
    const bool pattern = files.size() > 1 || files.front() != spec.path;
    Value rows = Value::list();
    std::uint64_t bytes = 0;
    for (const std::string& path : files) {
      step.stop_if_cancelled();
      Value content = content_of(path, spec);
      bytes += content.size();
      if (bytes > spec.max_memory) {
        throw mortise::Error(mortise::Code::invalid,
                             "the files hold more than " + std::to_string(spec.max_memory) + " bytes",
                             "raise max_memory, or name fewer files")
            .with("key", "max_memory");
      }
      if (!pattern) {
        step.info("read " + path, {{"bytes", bytes}});
        return content;
      }
      rows.push_back(Value::map({{"path", path}, {"content", std::move(content)}}));
    }
    step.info("read " + spec.path, {{"files", static_cast<std::int64_t>(files.size())}, {"bytes", bytes}});
    return rows;
  }

  static Value content_of(const std::string& path, const plugins::FileSpec& spec) {
    plugins::SourceOptions options = spec.source;
    options.max_bytes = std::min(options.max_bytes, spec.max_memory);
    if (spec.format == plugins::FileSpec::Format::text) return Value(plugins::read_file_text(path, options).bytes);
    if (spec.source.unpack == plugins::Unpack::detect) options.unpack = plugins::Unpack::none;  // bytes as they are
    return Value::bytes(plugins::read_whole(*plugins::open_bytes(path, options)));
  }

  // A row for each line: file, line, text.
  static Value lines(mortise::Step& step, const plugins::FileSpec& spec) {
    Value rows = Value::list();
    std::int64_t skip = spec.offset;
    for (const std::string& path : plugins::paths(spec)) {
      const std::string text = plugins::read_file_text(path, spec.source).bytes;
      std::int64_t number = 0;
      for (std::size_t at = 0; at < text.size();) {
        if (spec.limit >= 0 && static_cast<std::int64_t>(rows.size()) == spec.limit) break;
        if (++number % 65'536 == 0) step.stop_if_cancelled();
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line(text.data() + at, end - at);
        if (line.ends_with('\r')) line.remove_suffix(1);
        at = end + 1;
        if (skip > 0) {
          --skip;
          continue;
        }
        rows.push_back(Value::map({{"file", path}, {"line", number}, {"text", line}}));
      }
    }
    return rows.size() == 0 ? rows : plugins::write_table(plugins::read_table(rows, "lines"));
  }

  // Read by a plugin that provides it: spreadsheets are unpacked and understood in a process of their own.
  static Value sheet(mortise::Step& step, const plugins::FileSpec& spec) {
    Value asked = step.config();
    for (const char* key : {"format", "stream", "input"}) asked.erase(key);
    Value whole;
    for (const std::string& path : plugins::paths(spec)) {
      asked.set("path", path);
      whole = step.service("ExcelReader", "read", asked);
    }
    return whole;
  }
};

}  // namespace

MORTISE_PLUGIN(InputFile)
