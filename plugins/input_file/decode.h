// Texts of other encodings as UTF-8, in a stream.
#pragma once

#include <memory>

#include "input_file/byte_source.h"

namespace mortise::plugins {

// `encoding`: one of utf16_le, utf16_be, latin1, windows_1252. Half of a surrogate pair, or half of a character at the end, is
// Error{invalid} with its line; so is a byte that Windows-1252 does not define.
[[nodiscard]] std::unique_ptr<ByteSource> decoded(std::unique_ptr<ByteSource> bytes, Encoding encoding);

}  // namespace mortise::plugins
