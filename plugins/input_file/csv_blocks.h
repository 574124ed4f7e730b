// CsvBlocks: the text of a CSV file in blocks of whole records, in bounded memory.
//
// Whether a line end ends a record depends on the quotes before it, so blocks are cut one after the other; between quotes the
// bytes are only searched, not looked at. A record longer than `max_record` bytes is an error: an unclosed quote in a file of
// gigabytes must not fill the memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "input_file/byte_source.h"
#include "input_file/csv.h"

namespace mortise::plugins {

// Some bytes and, behind them, CsvFields::padding zeros.
struct CsvBlock {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
  [[nodiscard]] std::string_view text() const noexcept { return {bytes.get(), size}; }
};

class CsvBlocks {
 public:
  struct Limits {
    std::size_t block = std::size_t{2} << 20;
    std::size_t max_record = std::size_t{64} << 20;
  };
  // `source` must outlive this; its first `skip` lines are left out.
  CsvBlocks(ByteSource& source, std::int64_t skip, Limits limits);

  // What the file begins with, at least a block of it if there is so much; for looking at the dialect. Before next().
  [[nodiscard]] std::string_view head();
  // The bytes of head() that are no data: the header. The dialect holds from here on.
  void begin(CsvDialect dialect, std::size_t header_bytes);
  // False at the end.
  bool next(CsvBlock& block);

  [[nodiscard]] std::int64_t first_line() const noexcept { return first_line_; }  // of head()

 private:
  void fill(std::size_t wanted);
  [[nodiscard]] std::size_t cut(std::string_view text) const;  // the end of the last whole record, or 0

  ByteSource& source_;
  Limits limits_;
  CsvDialect dialect_;
  std::string carry_;  // read and not yet handed out
  bool ended_ = false;
  std::int64_t first_line_ = 1;
};

}  // namespace mortise::plugins
