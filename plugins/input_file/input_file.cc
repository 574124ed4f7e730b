#include "input_file/input_file.h"

#include <algorithm>
#include <filesystem>

#include "lib/options.h"
#include "lib/suggest.h"

namespace mortise::plugins {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

FileSpec::Format format_of(const Options& options, const std::string& path) {
  const std::string wanted = options.choice("format", {"auto", "csv", "json", "jsonl"});
  const std::string extension = lower(std::filesystem::path(path).extension().string());
  const std::string name = wanted != "auto" ? wanted : extension.empty() ? "" : extension.substr(1);
  if (name == "csv" || name == "tsv" || name == "tab" || name == "txt") return FileSpec::Format::csv;
  if (name == "json") return FileSpec::Format::json;
  if (name == "jsonl" || name == "ndjson") return FileSpec::Format::jsonl;
  throw Error(Code::invalid, "format: the name of '" + path + "' does not tell what it holds",
              "say `format: csv`, json or jsonl")
      .with("key", "format")
      .with("file", path);
}

// One ASCII character, also as "tab" or "\t".
char character(const std::string& text, const std::string& key) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80 && text[0] != '\n' && text[0] != '\r')
    return text[0];
  throw wrong_option(key, "one character, or tab", Value(text));
}

void read_types(const Options& types, FileSpec& spec) {
  if (types.value().is_null()) return;
  for (const Member& member : types.value().members()) {
    const std::string name(member.key());
    const std::string wanted = types.required_text(name);
    const auto type = column_type_named(wanted);
    if (!type) {
      throw Error(Code::invalid, types.path(name) + ": there is no type '" + wanted + "'",
                  suggestion(wanted, {"text", "int64", "float64", "bool", "date", "timestamp", "timestamp_utc"}))
          .with("key", types.path(name))
          .with("got", wanted);
    }
    spec.types.emplace(name, *type);
  }
}

void read_csv_options(const Options& options, FileSpec& spec) {
  const std::string delimiter = options.text("delimiter", "auto");
  if (delimiter != "auto" && !delimiter.empty()) spec.delimiter = character(delimiter, "delimiter");
  if (const auto quote = options.text("quote")) spec.quote = quote->empty() ? '\0' : character(*quote, "quote");
  if (spec.delimiter && *spec.delimiter == spec.quote) {
    throw Error(Code::invalid, "delimiter and quote are the same character", "change one of them")
        .with("key", "delimiter");
  }
  if (!options.flag("header", true)) spec.header = FileSpec::Header::none;
  spec.names = options.texts("names");
  spec.skip = options.integer("skip", 0).value_or(0);
  if (options.find("null_values") != nullptr) spec.null_values = options.texts("null_values");
}

}  // namespace

FileSpec read_file_spec(const Value& config) {
  const Options options(config);
  options.only({"path", "format", "columns", "types", "limit", "delimiter", "quote", "header", "names", "skip",
                "null_values", "rows", "input"});
  FileSpec spec;
  spec.path = options.required_text("path");
  spec.format = format_of(options, spec.path);
  spec.columns = options.texts("columns");
  spec.limit = options.integer("limit", 0).value_or(-1);
  spec.rows_key = options.text("rows", "rows");
  read_types(options.map("types"), spec);
  read_csv_options(options, spec);
  return spec;
}

FileTable read_table_file(const FileSpec& spec, const Watch& watch) {
  const FileText file = read_file_text(spec.path);
  if (watch) watch(0);
  return spec.format == FileSpec::Format::csv ? table_of_csv(file, spec, watch) : table_of_json(file, spec);
}

}  // namespace mortise::plugins
