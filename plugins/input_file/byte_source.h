// ByteSource: the bytes of a file as UTF-8 text, whatever it is packed in and encoded as, in a stream.
//
// gzip and zstd are recognised by their first bytes, UTF-8 and UTF-16 by their mark; the mark itself is not part of the text.
// Latin-1 and Windows-1252 have no mark and are read so only when asked for. What is not valid UTF-16 is an error with its
// place; UTF-8 is passed on unchecked (validate_text). What unpacks to more than `max_bytes` is an error: a small file must not
// fill the machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mortise/error.hpp"

namespace mortise::plugins {

enum class Encoding { detect, utf8, utf16_le, utf16_be, utf16, latin1, windows_1252 };
[[nodiscard]] std::optional<Encoding> encoding_named(std::string_view name) noexcept;

enum class Unpack { detect, none, gzip, zstd };

struct SourceOptions {
  Encoding encoding = Encoding::detect;
  Unpack unpack = Unpack::detect;
  std::uint64_t max_bytes = std::uint64_t{64} << 30;  // of text
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `size` bytes; 0 at the end only.
  virtual std::size_t read(char* out, std::size_t size) = 0;
  [[nodiscard]] virtual const std::string& path() const noexcept = 0;
  // From 0 to 1, of the file as it lies there.
  [[nodiscard]] virtual double progress() const noexcept { return 0; }
};

// Text. Error{not_found} with the absolute path when there is no such file; denied, or invalid for a folder or a device.
[[nodiscard]] std::unique_ptr<ByteSource> open_text(const std::string& path, const SourceOptions& options);
// Bytes as they are, unpacked.
[[nodiscard]] std::unique_ptr<ByteSource> open_bytes(const std::string& path, const SourceOptions& options);
// The same over bytes that are there, as if they were a file's.
[[nodiscard]] std::unique_ptr<ByteSource> text_of_bytes(std::string path, std::string bytes,
                                                        const SourceOptions& options);

[[nodiscard]] std::string read_whole(ByteSource& source);

// The place of the first byte that is no UTF-8 or is zero; nothing when there is none.
struct BadByte {
  std::size_t at = 0;
  std::string what, expected, got, hint;
};
[[nodiscard]] std::optional<BadByte> find_bad_byte(std::string_view text);

}  // namespace mortise::plugins
