// CSV into a table, reading the text twice: the first time to learn what every column holds, down to the last row, the
// second time to fill columns of those types. So a late surprise costs nothing, nothing is converted on a guess, and no
// cell is stored but in its column.
#include <arrow/array.h>

#include <algorithm>
#include <array>
#include <set>

#include "input_file/input_file.h"
#include "lib/text_builder.h"

namespace mortise::plugins {
namespace {

// What counts as missing beside the empty field where the config does not say. In a column of texts they are texts.
constexpr std::array<std::string_view, 8> soft_nulls{"NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"};

constexpr std::int64_t rows_between_looks = 16'384;

struct Column {
  std::size_t place = 0;  // in the record
  std::string name;
  std::optional<ColumnType> wanted;
  TextType guess;
  std::int64_t bytes = 0;
  std::int64_t nulls = 0;

  [[nodiscard]] ColumnType type() const { return wanted.value_or(guess.type()); }
};

class CsvTable {
 public:
  CsvTable(const FileText& file, const FileSpec& spec, const Watch& watch) : file_(file), spec_(spec), watch_(watch) {}

  FileTable read() {
    skip_lines();
    dialect_.quote = spec_.quote;
    dialect_.delimiter = spec_.delimiter ? *spec_.delimiter : guess_delimiter(text_, spec_.quote);
    read_names();
    for_each_record(0, [this](const CsvField& field, Column& column, std::int64_t) { learn(field, column); });
    for (Column& column : columns_) {
      builders_.emplace_back(column.type(), column.wanted ? 9 : column.guess.decimals_of_second(), column.bytes);
    }
    for_each_record(1, [this](const CsvField& field, Column& column, std::int64_t line) { fill(field, column, line); });
    return finish();
  }

 private:
  void skip_lines() {
    text_ = file_.text();
    for (std::int64_t i = 0; i < spec_.skip && !text_.empty(); ++i) {
      const std::size_t end = std::min(text_.find('\n'), text_.size() - 1);
      text_.remove_prefix(end + 1);
      ++first_line_;
    }
  }

  // The names, and where the data begins.
  void read_names() {
    CsvReader reader(text_, file_.path, dialect_, first_line_);
    std::vector<CsvField> record;
    std::vector<std::string> names = spec_.names;
    if (!reader.next(record)) {
      if (spec_.header == FileSpec::Header::none && !names.empty()) return use_names(names);
      throw error_at(file_.path, first_line_, "the file is empty", "a line with the names of the columns", "nothing",
                     "is it the right file? A file without rows still has its header");
    }
    width_ = record.size();
    const bool has_header = spec_.header == FileSpec::Header::first_line;
    if (names.empty()) names = has_header ? header_names(record, reader.line()) : numbered_names();
    if (names.size() != width_) {
      throw error_at(file_.path, reader.line(),
                     "expected " + std::to_string(names.size()) + " fields for `names`, got " + std::to_string(width_),
                     std::to_string(names.size()), std::to_string(width_));
    }
    if (has_header) {
      text_.remove_prefix(reader.offset());
      first_line_ = reader.next_line();
    }
    use_names(names);
  }

  void use_names(const std::vector<std::string>& names) {
    width_ = names.size();
    check_typed_columns(names, spec_);
    for (const std::size_t place : chosen_columns(names, spec_)) {
      Column column;
      column.place = place;
      column.name = names[place];
      if (const auto type = spec_.types.find(column.name); type != spec_.types.end()) column.wanted = type->second;
      columns_.push_back(std::move(column));
    }
  }

  std::vector<std::string> header_names(const std::vector<CsvField>& record, std::int64_t line) const {
    std::vector<std::string> names;
    std::set<std::string_view> seen;
    for (const CsvField& field : record) {
      const std::string_view name = trimmed(field.text);
      names.emplace_back(name.empty() ? "column_" + std::to_string(names.size() + 1) : std::string(name));
      if (name.empty() || seen.insert(name).second) continue;
      throw error_at(file_.path, line, "two columns are named '" + std::string(name) + "'", "different names",
                     std::string(name), "give other names with `names: [...]`");
    }
    return names;
  }

  std::vector<std::string> numbered_names() const {
    std::vector<std::string> names;
    for (std::size_t i = 1; i <= width_; ++i) names.push_back("column_" + std::to_string(i));
    return names;
  }

  template <typename Body>
  void for_each_record(int pass, Body&& body) {
    CsvReader reader(text_, file_.path, dialect_, first_line_);
    if (width_ == 1) reader.keep_blank_lines();
    std::vector<CsvField> record;
    rows_ = 0;
    while (rows_ != spec_.limit && reader.next(record)) {
      if (record.size() != width_) throw ragged(reader.line(), record);
      for (Column& column : columns_) body(record[column.place], column, reader.line());
      if (++rows_ % rows_between_looks == 0 && watch_) {
        watch_((pass + static_cast<double>(reader.offset()) / static_cast<double>(text_.size())) / 2);
      }
    }
  }

  Error ragged(std::int64_t line, const std::vector<CsvField>& record) const {
    const std::string expected = std::to_string(width_) + (width_ == 1 ? " field" : " fields");
    const std::string got = std::to_string(record.size());
    return error_at(file_.path, line, "expected " + expected + ", got " + got, expected,
                    got + (got == "1" ? " field" : " fields"),
                    "put a field that holds the delimiter in quotes; fields here end at '" +
                        (dialect_.delimiter == '\t' ? std::string("\\t") : std::string(1, dialect_.delimiter)) + "'");
  }

  [[nodiscard]] bool is_hard_null(const CsvField& field) const {
    if (field.text.empty() && !field.quoted) return true;
    if (!spec_.null_values) return false;
    return std::find(spec_.null_values->begin(), spec_.null_values->end(), field.text) != spec_.null_values->end();
  }
  [[nodiscard]] bool is_soft_null(const CsvField& field) const {
    if (trimmed(field.text).empty()) return true;
    return !spec_.null_values && std::find(soft_nulls.begin(), soft_nulls.end(), field.text) != soft_nulls.end();
  }

  void learn(const CsvField& field, Column& column) const {
    if (is_hard_null(field)) return;
    column.bytes += static_cast<std::int64_t>(field.text.size());
    if (!column.wanted && !is_soft_null(field)) column.guess.add(field.text);
  }

  void fill(const CsvField& field, Column& column, std::int64_t line) {
    TextBuilder& builder = builders_[static_cast<std::size_t>(&column - columns_.data())];
    const bool missing = is_hard_null(field) || (column.type() != ColumnType::text && is_soft_null(field));
    if (missing) {
      ++column.nulls;
      return builder.append_null();
    }
    if (builder.append(field.text)) return;
    const std::string expected(name_of(column.type()));
    const std::string got = "'" + std::string(field.text.substr(0, 100)) + "'";
    throw error_at(file_.path, line, "column '" + column.name + "': expected " + expected + ", got " + got, expected,
                   got, "leave '" + column.name + "' out of `types` and it becomes what it is")
        .with("column", column.name);
  }

  FileTable finish() {
    FileTable result;
    result.delimiter = dialect_.delimiter;
    std::vector<NamedArray> arrays;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Column& column = columns_[i];
      arrays.push_back({column.name, builders_[i].finish()});
      if (!column.wanted && column.guess.rounded() > 0) {
        result.notes.push_back("column '" + column.name + "': " + std::to_string(column.guess.rounded()) +
                               " values have more digits than float64 holds; give it the type text to keep them");
      }
    }
    result.table = make_batch(arrays, rows_);
    return result;
  }

  const FileText& file_;
  const FileSpec& spec_;
  const Watch& watch_;
  std::string_view text_;
  std::int64_t first_line_ = 1;
  CsvDialect dialect_;
  std::size_t width_ = 0;
  std::int64_t rows_ = 0;
  std::vector<Column> columns_;
  std::vector<TextBuilder> builders_;
};

}  // namespace

FileTable table_of_csv(const FileText& file, const FileSpec& spec, const Watch& watch) {
  return CsvTable(file, spec, watch).read();
}

}  // namespace mortise::plugins
