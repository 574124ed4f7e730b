// CsvReader: records of a CSV text, one at a time, as RFC 4180 has them and as files really are.
//
//   - lines end with LF, CRLF or CR; the last one may lack its end; a blank line is skipped, unless there is one column only
//   - a field in quotes may hold delimiters, line ends and doubled quotes; nothing may stand between its closing quote and
//     the next delimiter
//   - a quote inside a field that did not begin with one is an ordinary character
//
// Errors name file, line, expected and got. Fields are views into the text or into the reader; they hold until next().
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::plugins {

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';  // '\0': none
};

struct CsvField {
  std::string_view text;
  bool quoted = false;
};

class CsvReader {
 public:
  // All three must outlive the reader. `first_line`: the number of the line at which the text begins.
  CsvReader(std::string_view text, const std::string& path, CsvDialect dialect, std::int64_t first_line = 1);

  // False at the end.
  bool next(std::vector<CsvField>& record);

  [[nodiscard]] std::int64_t line() const noexcept { return record_line_; }  // where the record began
  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] std::int64_t next_line() const noexcept { return line_; }

  // Blank lines are records of one empty field from now on.
  void keep_blank_lines() noexcept { keep_blank_ = true; }

 private:
  CsvField read_plain();
  CsvField read_quoted();
  bool take_line_end();

  std::string_view text_;
  const std::string& path_;
  CsvDialect dialect_;
  std::size_t at_ = 0;
  std::int64_t line_;
  std::int64_t record_line_ = 0;
  bool keep_blank_ = false;
  bool stops_[256] = {};
  std::deque<std::string> unescaped_;  // fields of this record that held doubled quotes
};

// The delimiter that the first line uses most, outside of quotes: comma, semicolon, tab or bar.
[[nodiscard]] char guess_delimiter(std::string_view text, char quote);

}  // namespace mortise::plugins
