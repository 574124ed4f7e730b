#include "output_json/document.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <string>
#include <utility>

#include "lib/cells.h"
#include "lib/json_text.h"
#include "lib/table.h"

namespace mortise::plugins {
namespace {

bool is_container(const Value& value) { return value.is(Kind::list) || value.is(Kind::map) || value.is(Kind::table); }

class Writer {
 public:
  Writer(const DocumentStyle& style, const TextSink& sink) : style_(style), sink_(sink) {}

  std::int64_t write(const Value& value) {
    append(value, 0);
    out_ += '\n';
    flush();
    if (tables_ == 0 && value.is(Kind::list)) return static_cast<std::int64_t>(value.size());
    return rows_;
  }

 private:
  void flush() {
    if (!out_.empty()) sink_(out_);
    out_.clear();
  }
  void flush_when_large() {
    constexpr std::size_t large = 64 * 1024;
    if (out_.size() >= large) flush();
  }

  void new_line(int level) {
    if (style_.indent == 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(level * style_.indent), ' ');
  }
  [[nodiscard]] std::string_view colon() const { return style_.indent == 0 ? ":" : ": "; }
  [[nodiscard]] std::string_view comma() const { return style_.indent == 0 ? "," : ", "; }

  void append(const Value& value, int level) {
    switch (value.kind()) {
      case Kind::table: return append_table(*read_table(value, "a table"), level);
      case Kind::list: return append_list(value, level);
      case Kind::map: return append_map(value, level);
      default: append_json(out_, value);
    }
    flush_when_large();
  }

  void append_list(const Value& list, int level) {
    const auto items = list.items();
    const bool in_lines = std::any_of(items.begin(), items.end(), is_container);
    bool first = true;
    out_ += '[';
    for (const Value& item : items) {
      if (!std::exchange(first, false)) out_ += in_lines ? std::string_view(",") : comma();
      if (in_lines) new_line(level + 1);
      append(item, level + 1);
    }
    if (in_lines) new_line(level);
    out_ += ']';
  }

  void append_map(const Value& map, int level) {
    bool first = true;
    out_ += '{';
    for (const Member& member : map.members()) {
      if (!std::exchange(first, false)) out_ += ',';
      new_line(level + 1);
      append_json(out_, member.key());
      out_ += colon();
      append(member.value(), level + 1);
    }
    if (!first) new_line(level);
    out_ += '}';
  }

  void append_table(const arrow::RecordBatch& table, int level) {
    ++tables_;
    rows_ += table.num_rows();
    if (style_.shape == TableShape::records) {
      append_records(table, level);
    } else {
      append_columns(table, level);
    }
  }

  void append_records(const arrow::RecordBatch& table, int level) {
    std::vector<std::string> keys;
    for (const std::string& name : column_names(table)) {
      std::string key;
      append_json(key, std::string_view(name));
      keys.push_back(key.append(colon()));
    }
    const auto columns = table.columns();
    out_ += '[';
    for (std::int64_t row = 0; row < table.num_rows(); ++row) {
      if (row > 0) out_ += ',';
      new_line(level + 1);
      out_ += '{';
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out_ += comma();
        out_ += keys[i];
        append_cell(out_, *columns[i], row);
      }
      out_ += '}';
      flush_when_large();
    }
    if (table.num_rows() > 0) new_line(level);
    out_ += ']';
  }

  void append_columns(const arrow::RecordBatch& table, int level) {
    out_ += '{';
    for (int i = 0; i < table.num_columns(); ++i) {
      if (i > 0) out_ += ',';
      new_line(level + 1);
      append_json(out_, std::string_view(table.column_name(i)));
      out_ += colon();
      out_ += '[';
      for (std::int64_t row = 0; row < table.num_rows(); ++row) {
        if (row > 0) out_ += comma();
        append_cell(out_, *table.column(i), row);
        flush_when_large();
      }
      out_ += ']';
    }
    if (table.num_columns() > 0) new_line(level);
    out_ += '}';
  }

  const DocumentStyle& style_;
  const TextSink& sink_;
  std::string out_;
  std::int64_t rows_ = 0;
  std::int64_t tables_ = 0;
};

}  // namespace

std::int64_t write_document(const Value& value, const DocumentStyle& style, const TextSink& sink) {
  return Writer(style, sink).write(value);
}

}  // namespace mortise::plugins
