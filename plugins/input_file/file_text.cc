#include "input_file/file_text.h"

#include <utility>

#include "input_file/csv_fields.h"

namespace mortise::plugins {
namespace {

FileText whole_text(ByteSource& source) {
  FileText file{source.path(), read_whole(source)};
  const std::string_view text = file.bytes;
  if (const auto bad = find_bad_byte(text)) {
    throw error_at(file.path, 1 + count_lines(text.substr(0, bad->at)), bad->what, bad->expected, bad->got, bad->hint);
  }
  return file;
}

}  // namespace

Error error_at(const std::string& path, std::int64_t line, const std::string& what, const std::string& expected,
               const std::string& got, std::string hint) {
  return Error(Code::invalid, path + " line " + std::to_string(line) + ": " + what, std::move(hint))
      .with("file", path)
      .with("line", std::to_string(line))
      .with("expected", expected)
      .with("got", got);
}

FileText read_file_text(const std::string& path, const SourceOptions& options) {
  return whole_text(*open_text(path, options));
}

FileText check_file_text(std::string path, std::string bytes, const SourceOptions& options) {
  return whole_text(*text_of_bytes(std::move(path), std::move(bytes), options));
}

}  // namespace mortise::plugins
