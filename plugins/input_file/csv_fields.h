// CsvFields: where every field of a block of CSV is, found in one pass over its bytes.
//
// A block holds whole records. The rules are those of CsvReader (csv.h), which reads the same records slowly, one at a time; a
// test and the fuzzer hold the two together. Nothing is copied: a field is two offsets into the block. Records that have another
// number of fields than the file, or text behind a closing quote, are left out and named in `faults`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "input_file/csv.h"

namespace mortise::plugins {

struct CsvFault {
  std::size_t begin = 0, end = 0;  // of the record in the block
  std::string what, expected, got, hint;
};

class CsvFields {
 public:
  // Bytes that can be read behind the text; they are zero.
  static constexpr std::size_t padding = 64;

  // `text` is at most 1 GiB and must outlive this. Blank lines are records where a record has one field.
  CsvFields(std::string_view text, CsvDialect dialect, std::size_t width);

  [[nodiscard]] std::size_t rows() const noexcept { return begin_.size() / width_; }
  // As it is meant; `scratch` holds it where quotes are doubled in it.
  [[nodiscard]] std::string_view text(std::size_t row, std::size_t column, std::string& scratch) const {
    const std::size_t at = row * width_ + column;
    const std::uint32_t end = end_[at];
    const std::string_view raw(text_.data() + begin_[at], (end & offset_mask) - begin_[at]);
    return (end & doubled) == 0 ? raw : unescaped(raw, scratch);
  }
  [[nodiscard]] bool quoted(std::size_t row, std::size_t column) const noexcept {
    return (end_[row * width_ + column] & was_quoted) != 0;
  }
  // The whole record, quotes and all, without its line end.
  [[nodiscard]] std::string_view record(std::size_t row) const noexcept;
  [[nodiscard]] std::size_t offset(std::size_t row) const noexcept;  // of the record in the block
  void drop_rows(const std::vector<std::size_t>& rows);              // ascending

  [[nodiscard]] std::int64_t lines() const noexcept { return lines_; }  // in the whole block
  [[nodiscard]] const std::vector<CsvFault>& faults() const noexcept { return faults_; }

 private:
  static constexpr std::uint32_t was_quoted = 1U << 31;
  static constexpr std::uint32_t doubled = 1U << 30;
  static constexpr std::uint32_t offset_mask = doubled - 1;

  struct Quoted {
    std::size_t after = 0;  // behind the closing quote
    std::uint32_t flags = was_quoted;
    bool closed = false;
  };
  [[nodiscard]] Quoted skip_quoted(std::size_t open) const;
  [[nodiscard]] std::string_view unescaped(std::string_view raw, std::string& scratch) const;
  [[nodiscard]] std::uint64_t specials(std::size_t at) const;
  void split();
  void push(std::size_t begin, std::size_t end, std::uint32_t flags) {
    begin_.push_back(static_cast<std::uint32_t>(begin));
    end_.push_back(static_cast<std::uint32_t>(end) | flags);
  }
  void end_record(std::size_t end);
  std::size_t broken(std::size_t at, CsvFault fault);  // where to go on

  std::string_view text_;
  CsvDialect dialect_;
  std::size_t width_;
  std::vector<std::uint32_t> begin_, end_;
  std::size_t record_ = 0;        // where the record begins
  std::size_t record_field_ = 0;  // and its first field in begin_
  std::int64_t lines_ = 0;
  std::vector<CsvFault> faults_;
};

// Line ends in the text: LF, CRLF, or CR alone.
[[nodiscard]] std::int64_t count_lines(std::string_view text);

}  // namespace mortise::plugins
