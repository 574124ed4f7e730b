// The text of a file: read whole, checked to be UTF-8, without a byte order mark.
//
// The file is read into memory rather than mapped: whoever shortens a mapped file kills the process that reads it, and a
// file is looked at twice (csv_table.h), which must be the same file both times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mortise/error.hpp"

namespace mortise::plugins {

struct FileText {
  std::string path;  // absolute
  std::string bytes;
  std::size_t begin = 0;  // behind the byte order mark

  [[nodiscard]] std::string_view text() const noexcept { return std::string_view(bytes).substr(begin); }
};

// Error{not_found} with the absolute path when there is no such file; denied, or invalid for a folder or a device.
[[nodiscard]] FileText read_file_text(const std::string& path);

// The same checks on bytes that are already there. Error{invalid} with the line of the first byte that is not UTF-8, or that
// says UTF-16 or a binary file when it looks like one.
[[nodiscard]] FileText check_file_text(std::string path, std::string bytes);

// Error{invalid} "path line 12: what", with details file, line, expected and got.
[[nodiscard]] Error error_at(const std::string& path, std::int64_t line, const std::string& what,
                             const std::string& expected, const std::string& got, std::string hint = {});

}  // namespace mortise::plugins
