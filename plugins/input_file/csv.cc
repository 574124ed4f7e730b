#include "input_file/csv.h"

#include <algorithm>
#include <array>

#include "input_file/file_text.h"

namespace mortise::plugins {

CsvReader::CsvReader(std::string_view text, const std::string& path, CsvDialect dialect, std::int64_t first_line)
    : text_(text), path_(path), dialect_(dialect), line_(first_line) {
  for (const char c : {dialect.delimiter, '\n', '\r'}) stops_[static_cast<unsigned char>(c)] = true;
}

bool CsvReader::take_line_end() {
  if (at_ == text_.size()) return true;
  if (text_[at_] == '\r') {
    ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
    return true;
  }
  if (text_[at_] == '\n') {
    ++at_;
    ++line_;
    return true;
  }
  return false;
}

bool CsvReader::next(std::vector<CsvField>& record) {
  record.clear();
  unescaped_.clear();
  while (!keep_blank_ && at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) take_line_end();
  if (at_ == text_.size()) return false;
  record_line_ = line_;
  while (true) {
    const bool quoted = at_ < text_.size() && dialect_.quote != '\0' && text_[at_] == dialect_.quote;
    record.push_back(quoted ? read_quoted() : read_plain());
    if (take_line_end()) return true;
    ++at_;  // the delimiter
  }
}

CsvField CsvReader::read_plain() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && !stops_[static_cast<unsigned char>(text_[at_])]) ++at_;
  return {text_.substr(begin, at_ - begin), false};
}

CsvField CsvReader::read_quoted() {
  const std::int64_t opened = line_;
  std::size_t begin = ++at_;
  std::string* joined = nullptr;
  while (true) {
    const std::size_t quote = text_.find(dialect_.quote, at_);
    if (quote == std::string_view::npos) {
      throw error_at(path_, opened, "the quote that opens here is never closed", "a closing quote",
                     "the end of the file",
                     "double a quote that belongs to the text, or set `quote: \"\"` when the file does not use quotes");
    }
    line_ += std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                        text_.begin() + static_cast<std::ptrdiff_t>(quote), '\n');
    at_ = quote + 1;
    if (at_ == text_.size() || text_[at_] != dialect_.quote) break;
    if (joined == nullptr) joined = &unescaped_.emplace_back();
    joined->append(text_.substr(begin, at_ - begin));  // with one of the two quotes
    begin = ++at_;
  }
  const std::string_view rest = text_.substr(begin, at_ - 1 - begin);
  if (at_ < text_.size() && !stops_[static_cast<unsigned char>(text_[at_])]) {
    throw error_at(path_, line_, "text after a closing quote", "the delimiter or the end of the line",
                   "'" + std::string(text_.substr(at_, 1)) + "'", "double a quote that belongs to the text");
  }
  if (joined == nullptr) return {rest, true};
  joined->append(rest);
  return {*joined, true};
}

char guess_delimiter(std::string_view text, char quote) {
  constexpr std::array candidates{',', ';', '\t', '|'};
  std::array<std::size_t, candidates.size()> counts{};
  bool inside = false;
  for (const char c : text) {
    if (quote != '\0' && c == quote) inside = !inside;
    if (inside) continue;
    if (c == '\n' || c == '\r') break;
    for (std::size_t i = 0; i < candidates.size(); ++i) counts[i] += c == candidates[i] ? 1 : 0;
  }
  return candidates[static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin())];
}

}  // namespace mortise::plugins
