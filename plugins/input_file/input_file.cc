#include "input_file/input_file.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "lib/options.h"
#include "lib/suggest.h"

namespace mortise::plugins {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

constexpr std::array<std::pair<std::string_view, FileSpec::Format>, 16> extensions{{
    {"csv", FileSpec::Format::csv},
    {"tsv", FileSpec::Format::csv},
    {"tab", FileSpec::Format::csv},
    {"txt", FileSpec::Format::csv},
    {"json", FileSpec::Format::json},
    {"jsonl", FileSpec::Format::jsonl},
    {"ndjson", FileSpec::Format::jsonl},
    {"parquet", FileSpec::Format::parquet},
    {"pq", FileSpec::Format::parquet},
    {"arrow", FileSpec::Format::arrow},
    {"feather", FileSpec::Format::arrow},
    {"xlsx", FileSpec::Format::excel},
    {"xls", FileSpec::Format::excel},
    {"xlsm", FileSpec::Format::excel},
    {"xlsb", FileSpec::Format::excel},
    {"ods", FileSpec::Format::excel},
}};

FileSpec::Format format_of(const Options& options, const std::string& path) {
  const std::string wanted =
      options.choice("format", {"auto", "csv", "tsv", "json", "jsonl", "parquet", "arrow", "excel", "text", "binary"});
  if (wanted == "excel") return FileSpec::Format::excel;
  if (wanted == "text") return FileSpec::Format::text;
  if (wanted == "binary") return FileSpec::Format::binary;
  std::filesystem::path name(lower(path));
  if (const auto packed = name.extension(); packed == ".gz" || packed == ".zst" || packed == ".zstd")
    name.replace_extension();
  const std::string extension = name.extension().string();
  const std::string told = wanted != "auto" ? wanted : extension.empty() ? "" : extension.substr(1);
  for (const auto& [known, format] : extensions) {
    if (known == told) return format;
  }
  throw Error(Code::invalid, "format: the name of '" + path + "' does not tell what it holds",
              "say `format: csv`, json, jsonl, parquet, arrow, excel, text or binary")
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

// A size in bytes: a number, or "64 MiB".
std::uint64_t bytes_of(const Options& options, std::string_view key, std::uint64_t otherwise) {
  return static_cast<std::uint64_t>(options.integer(key, 1).value_or(static_cast<std::int64_t>(otherwise)));
}

void read_layouts(const Options& layouts, FileSpec& spec) {
  if (layouts.value().is_null()) return;
  for (const Member& member : layouts.value().members()) {
    const std::string name(member.key());
    const std::string key = layouts.path(name);
    DateLayout layout(layouts.required_text(name), key);
    const auto type = spec.types.find(name);
    const bool fits = type == spec.types.end() || type->second == ColumnType::date ||
                      (type->second == ColumnType::time && !layout.has_zone()) ||
                      (type->second == ColumnType::zoned_time && layout.has_zone());
    if (!fits) {
      throw Error(Code::invalid, key + ": the layout does not make a " + std::string(name_of(type->second)),
                  "%z makes timestamp_utc, %H makes timestamp; or leave '" + name + "' out of `types`")
          .with("key", key);
    }
    spec.layouts.emplace(name, std::move(layout));
  }
}

void read_source(const Options& options, FileSpec& spec) {
  const std::string encoding = lower(options.text("encoding", "auto"));
  const auto known = encoding_named(encoding);
  if (!known) {
    throw Error(Code::invalid, "encoding: '" + encoding + "' is not known",
                suggestion(encoding, {"auto", "utf-8", "utf-16", "utf-16le", "utf-16be", "latin1", "windows-1252"}))
        .with("key", "encoding")
        .with("got", encoding);
  }
  spec.source.encoding = *known;
  const std::string unpack = options.choice("compression", {"auto", "none", "gzip", "zstd"});
  spec.source.unpack = unpack == "auto"   ? Unpack::detect
                       : unpack == "none" ? Unpack::none
                       : unpack == "gzip" ? Unpack::gzip
                                          : Unpack::zstd;
  spec.source.max_bytes = bytes_of(options, "max_bytes", spec.source.max_bytes);
  spec.max_memory = bytes_of(options, "max_memory", spec.max_memory);
}

void read_csv_options(const Options& options, FileSpec& spec) {
  const std::string delimiter = options.text("delimiter", "auto");
  if (delimiter != "auto" && !delimiter.empty()) spec.delimiter = character(delimiter, "delimiter");
  if (!spec.delimiter && options.text("format", "") == "tsv") spec.delimiter = '\t';
  const std::string quote = options.text("quote", "auto");
  if (quote != "auto") spec.quote = quote.empty() ? '\0' : character(quote, "quote");
  if (spec.delimiter && spec.quote && *spec.delimiter == *spec.quote) {
    throw Error(Code::invalid, "delimiter and quote are the same character", "change one of them")
        .with("key", "delimiter");
  }
  const Value* header = options.find("header");
  if (header != nullptr && header->is(Kind::boolean)) {
    spec.header = header->as_bool() ? FileSpec::Header::first_line : FileSpec::Header::none;
  } else if (header != nullptr && !(header->is(Kind::string) && header->as_string() == "auto")) {
    throw wrong_option("header", "true, false or auto", *header);
  }
  if (options.choice("on_error", {"fail", "reject"}) == "reject") spec.on_error = FileSpec::OnError::reject;
  spec.max_rejects = options.integer("max_rejects", 0).value_or(spec.max_rejects);
  spec.infer_rows = options.integer("infer_rows", 1).value_or(spec.infer_rows);
  spec.max_record = bytes_of(options, "max_record_bytes", spec.max_record);
  spec.names = options.texts("names");
  spec.skip = options.integer("skip", 0).value_or(0);
  if (options.find("null_values") != nullptr) spec.null_values = options.texts("null_values");
}

}  // namespace

FileSpec read_file_spec(const Value& config) {
  const Options options(config);
  options.only(
      {"path",     "format",      "columns",   "types",      "layouts",     "limit",      "offset",           "stream",
       "encoding", "compression", "max_bytes", "max_memory", "delimiter",   "quote",      "header",           "names",
       "skip",     "null_values", "on_error",  "rejects",    "max_rejects", "infer_rows", "max_record_bytes", "rows",
       "sheet",    "lines",       "input"});
  FileSpec spec;
  spec.path = options.required_text("path");
  spec.format = format_of(options, spec.path);
  spec.columns = options.texts("columns");
  spec.limit = options.integer("limit", 0).value_or(-1);
  spec.offset = options.integer("offset", 0).value_or(0);
  spec.rows_key = options.text("rows", "rows");
  spec.sheet = options.text("sheet", "");
  spec.lines = options.flag("lines", false);
  read_types(options.map("types"), spec);
  read_layouts(options.map("layouts"), spec);
  read_source(options, spec);
  read_csv_options(options, spec);
  return spec;
}

std::vector<std::string> paths(const FileSpec& spec) {
  std::error_code ignored;
  if (spec.path.find_first_of("*?[") == std::string::npos || std::filesystem::exists(spec.path, ignored))
    return {spec.path};
  glob_t found{};
  const int status = ::glob(spec.path.c_str(), GLOB_MARK, nullptr, &found);
  std::vector<std::string> made;
  for (std::size_t i = 0; i < found.gl_pathc; ++i) {
    if (std::string name = found.gl_pathv[i]; !name.ends_with('/')) made.push_back(std::move(name));  // no folders
  }
  ::globfree(&found);
  if (status == GLOB_NOSPACE)
    throw Error(Code::busy, "path: too many files fit '" + spec.path + "'").with("key", "path");
  if (made.empty()) {
    throw Error(Code::not_found, "no file fits " + spec.path,
                "check `path`; a relative path starts at the folder in which the pipeline runs")
        .with("key", "path")
        .with("file", spec.path);
  }
  return made;
}

namespace {

std::vector<OpenSource> sources_of(const FileSpec& spec) {
  std::vector<OpenSource> sources;
  for (const std::string& path : paths(spec)) {
    sources.emplace_back([path, &spec] { return open_text(path, spec.source); });
  }
  return sources;
}

FileTable json_files(const FileSpec& spec, const Watch& watch) {
  FileTable result;
  std::vector<Batch> batches;
  FileSpec all = spec;  // the rows are counted over all files
  const std::vector<std::string> files = paths(spec);
  if (files.size() > 1) {
    all.offset = 0;
    all.limit = spec.limit < 0 ? -1 : spec.limit + spec.offset;
  }
  for (const std::string& path : files) {
    if (watch) watch(static_cast<double>(batches.size()) / static_cast<double>(files.size()));
    FileTable one = table_of_json(read_file_text(path, spec.source), all);
    if (!batches.empty() && !one.table->schema()->Equals(*batches.front()->schema())) {
      throw Error(Code::invalid,
                  path + ": its columns are " + one.table->schema()->ToString() + ", and those of the first file " +
                      batches.front()->schema()->ToString(),
                  "name the columns that all files have: `columns: [...]`, and their types")
          .with("file", path);
    }
    batches.push_back(std::move(one.table));
  }
  result.table = joined(batches, batches.front()->schema());
  if (files.size() > 1 && (spec.offset > 0 || spec.limit >= 0)) {
    const std::int64_t begin = std::min(spec.offset, result.table->num_rows());
    result.table = spec.limit < 0 ? result.table->Slice(begin) : result.table->Slice(begin, spec.limit);
  }
  return result;
}

}  // namespace

FileTable read_table_file(const FileSpec& spec, const Watch& watch) {
  switch (spec.format) {
    case FileSpec::Format::csv: return table_of_csv(sources_of(spec), spec, watch);
    case FileSpec::Format::json:
    case FileSpec::Format::jsonl: return json_files(spec, watch);
    case FileSpec::Format::parquet:
    case FileSpec::Format::arrow: return table_of_parquet(paths(spec), spec, watch);
    default: break;
  }
  throw Error(Code::unsupported, spec.path + " is not read as a table here", "use a step of Input.file for it")
      .with("key", "format");
}

FileStream stream_table_file(const FileSpec& spec, const OpenSink& open, const Watch& watch) {
  if (spec.format == FileSpec::Format::csv) return stream_csv(sources_of(spec), spec, open, watch);
  if (spec.format == FileSpec::Format::parquet || spec.format == FileSpec::Format::arrow) {
    return stream_parquet(paths(spec), spec, open, watch);
  }
  throw Error(Code::unsupported, "stream: only CSV, Parquet and Arrow files are read in batches",
              "leave `stream` out: the table then stands in memory")
      .with("key", "stream");
}

}  // namespace mortise::plugins
