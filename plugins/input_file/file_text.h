// The text of a file, read whole and checked; and errors that name a place in a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "input_file/byte_source.h"
#include "mortise/error.hpp"

namespace mortise::plugins {

struct FileText {
  std::string path;  // absolute
  std::string bytes;
};

// Unpacked, decoded, without a byte order mark. Error{invalid} with the line of the first byte that is not UTF-8.
[[nodiscard]] FileText read_file_text(const std::string& path, const SourceOptions& options = {});
// The same of bytes that are already there.
[[nodiscard]] FileText check_file_text(std::string path, std::string bytes, const SourceOptions& options = {});

// Error{invalid} "path line 12: what", with details file, line, expected and got.
[[nodiscard]] Error error_at(const std::string& path, std::int64_t line, const std::string& what,
                             const std::string& expected, const std::string& got, std::string hint = {});

}  // namespace mortise::plugins
