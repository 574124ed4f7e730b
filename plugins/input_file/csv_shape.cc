#include "input_file/csv_shape.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "input_file/file_text.h"

namespace mortise::plugins {
namespace {

constexpr std::size_t records_to_look_at = 200;
constexpr std::size_t bytes_to_look_at = std::size_t{256} << 10;

struct Field {
  std::string text;
  bool quoted = false;
};
using Records = std::vector<std::vector<Field>>;

// The first records, as far as they can be read.
Records sample(std::string_view text, bool whole, const std::string& path, CsvDialect dialect) {
  Records records;
  try {
    CsvReader reader(text, path, dialect);
    std::vector<CsvField> record;
    while (records.size() < records_to_look_at && reader.next(record)) {
      if (!whole && reader.offset() >= text.size()) break;  // it may go on
      auto& copy = records.emplace_back();
      for (const CsvField& field : record) copy.push_back({std::string(field.text), field.quoted});
    }
  } catch (const Error&) {  // whoever reads the data says what is wrong
  }
  return records;
}

struct Score {
  double even = 0;        // the part of the records that have the most common number of fields
  std::size_t width = 1;  // that number
};

Score score_of(const Records& records) {
  std::map<std::size_t, std::size_t> counts;
  for (const auto& record : records) ++counts[record.size()];
  Score score;
  for (const auto& [width, count] : counts) {
    const double even = static_cast<double>(count) / static_cast<double>(records.size());
    if (width > 1 && even > score.even) score = {even, width};
  }
  return score;
}

char detect_delimiter(std::string_view text, bool whole, const std::string& path, char quote) {
  constexpr std::array candidates{',', ';', '\t', '|'};
  const char most = guess_delimiter(text, quote);
  char best = most;
  Score best_score = score_of(sample(text, whole, path, {most, quote}));
  for (const char candidate : candidates) {
    const Score score = score_of(sample(text, whole, path, {candidate, quote}));
    const bool more_even = score.even > best_score.even + 1e-9;
    if (!more_even) continue;
    best = candidate;
    best_score = score;
  }
  return best;
}

// Whole fields in one kind of quotes and none in the other.
char detect_quote(std::string_view text, char delimiter_or_zero) {
  std::size_t single = 0, twice = 0;
  const auto edge = [&](char c) {
    if (c == '\n' || c == '\r') return true;
    return delimiter_or_zero != '\0' ? c == delimiter_or_zero : c == ',' || c == ';' || c == '\t' || c == '|';
  };
  char opened = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '\'' && c != '"') continue;
    const bool starts = i == 0 || edge(text[i - 1]);
    const bool ends = i + 1 == text.size() || edge(text[i + 1]);
    if (starts && !ends) opened = c;
    if (starts && c == '"') ++twice;
    if (ends && opened == c && c == '\'') ++single;
  }
  return single >= 2 && twice == 0 ? '\'' : '"';
}

ColumnType kind_of(const Field& field) {
  TextType type;
  if (!field.quoted && !trimmed(field.text).empty()) type.add(field.text);
  return type.type();
}

bool detect_header(const Records& records) {
  if (records.empty()) return true;
  const auto& first = records.front();
  std::set<std::string_view> names;
  bool shows_data = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string_view name = trimmed(first[i].text);
    TextType below;
    for (std::size_t row = 1; row < records.size(); ++row) {
      if (i < records[row].size() && !trimmed(records[row][i].text).empty()) below.add(records[row][i].text);
    }
    const ColumnType top = kind_of(first[i]);
    if (!name.empty() && top == ColumnType::text && below.any() && below.type() != ColumnType::text) return true;
    if (top != ColumnType::text && (top == below.type() || records.size() == 1)) shows_data = true;
    if (name.empty() || !names.insert(name).second)
      shows_data = shows_data || (records.size() > 1 && top != ColumnType::text);
  }
  return !shows_data;
}

std::vector<std::string> header_names(const std::vector<CsvField>& record, const std::string& path, std::int64_t line) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const CsvField& field : record) {
    const std::string name(trimmed(field.text));
    if (const auto bad = find_bad_byte(name)) throw error_at(path, line, bad->what, bad->expected, bad->got, bad->hint);
    names.push_back(name.empty() ? "column_" + std::to_string(names.size() + 1) : name);
    if (seen.insert(names.back()).second) continue;
    throw error_at(path, line, "two columns are named '" + names.back() + "'", "different names", names.back(),
                   "give other names with `names: [...]`");
  }
  return names;
}

}  // namespace

CsvShape read_shape(std::string_view head, bool whole, const std::string& path, std::int64_t first_line,
                    const FileSpec& spec) {
  CsvShape shape;
  const std::string_view look = head.substr(0, bytes_to_look_at);
  const bool all = whole && look.size() == head.size();
  shape.dialect.quote = spec.quote ? *spec.quote : detect_quote(look, spec.delimiter.value_or('\0'));
  if (spec.delimiter && *spec.delimiter == shape.dialect.quote) shape.dialect.quote = '\0';
  shape.dialect.delimiter = spec.delimiter ? *spec.delimiter : detect_delimiter(look, all, path, shape.dialect.quote);
  shape.first_line = first_line;
  shape.has_header = spec.header == FileSpec::Header::first_line ||
                     (spec.header == FileSpec::Header::detect && detect_header(sample(look, all, path, shape.dialect)));
  CsvReader reader(head, path, shape.dialect, first_line);
  std::vector<CsvField> record;
  shape.names = spec.names;
  if (!reader.next(record)) {
    if (!shape.has_header && !spec.names.empty()) return shape;
    throw error_at(path, first_line, "the file is empty", "a line with the names of the columns", "nothing",
                   "is it the right file? A file without rows still has its header");
  }
  if (!whole && reader.offset() >= head.size()) {
    throw error_at(path, reader.line(), "the first record is longer than " + std::to_string(head.size()) + " bytes",
                   "a shorter one", "no end of it", "is it CSV, and is `quote` right?");
  }
  if (shape.names.empty() && shape.has_header) shape.names = header_names(record, path, reader.line());
  for (std::size_t i = shape.names.size(); spec.names.empty() && !shape.has_header && i < record.size(); ++i) {
    shape.names.push_back("column_" + std::to_string(i + 1));
  }
  if (shape.names.size() != record.size()) {
    throw error_at(
        path, reader.line(),
        "expected " + std::to_string(shape.names.size()) + " fields for `names`, got " + std::to_string(record.size()),
        std::to_string(shape.names.size()), std::to_string(record.size()));
  }
  if (shape.has_header) {
    shape.header_bytes = reader.offset();
    shape.first_line = reader.next_line();
  }
  return shape;
}

}  // namespace mortise::plugins
