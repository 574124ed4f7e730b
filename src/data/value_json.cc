#include "data/value_json.h"

#include <cmath>
#include <vector>

#include "base/clock.h"
#include "data/base64.h"
#include "data/table.h"
#include "data/tensor.h"
#include "data/text.h"

namespace mortise::data {
namespace {

class JsonWriter {
 public:
  JsonWriter(std::string& out, const JsonStyle& style) : out_(out), style_(style) {}

  void write(const Value& value, std::uint32_t depth) {
    if (depth > MORTISE_MAX_DEPTH) {
      throw Error(Code::invalid, "a value nests deeper than 128 levels", "flatten it, or send its parts one by one");
    }
    switch (value.kind()) {
      case Kind::null: out_ += "null"; return;
      case Kind::boolean: out_ += value.as_bool() ? "true" : "false"; return;
      case Kind::int64: put_number(out_, value.as_int64()); return;
      case Kind::float64: write_real(value.as_float64()); return;
      case Kind::string: put_string(out_, value.as_string()); return;
      case Kind::bytes: write_bytes(value.as_bytes()); return;
      case Kind::time: out_.append(1, '"').append(to_rfc3339(value.as_time())).append(1, '"'); return;
      case Kind::list: write_list(value, depth); return;
      case Kind::map: write_map(value, depth); return;
      case Kind::tensor: write(tensor_to_lists(value.as_tensor()), depth); return;
      case Kind::table: write_table(TableView(value), depth); return;
    }
    throw Error(Code::invalid,
                "a value of the unknown kind " + std::to_string(static_cast<std::uint32_t>(value.kind())));
  }

 private:
  void write_real(double number) {
    if (std::isfinite(number)) {
      put_number(out_, number);
    } else if (style_.non_finite == NonFinite::null) {
      out_ += "null";
    } else {
      out_ += std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    }
  }

  void write_bytes(std::string_view bytes) {
    out_ += '"';
    append_base64(out_, bytes);
    out_ += '"';
  }

  void write_list(const Value& list, std::uint32_t depth) {
    begin('[');
    for (const Value& item : list.items()) {
      next();
      write(item, depth + 1);
    }
    end(']');
  }

  void write_map(const Value& map, std::uint32_t depth) {
    begin('{');
    for (const Member& member : map.members()) {
      key(member.key());
      write(member.value(), depth + 1);
    }
    end('}');
  }

  void write_table(const TableView& table, std::uint32_t depth) {
    std::vector<ColumnView> columns;
    for (std::size_t i = 0; i < table.columns(); ++i) columns.push_back(table.column(i));
    const std::int64_t rows = std::min(table.rows(), style_.max_rows);
    if (style_.tables == TableForm::rows) {
      write_rows(columns, rows, depth);
      return;
    }
    begin('{');
    key("columns");
    write_headings(columns);
    key("rows");
    write_grid(columns, rows, depth);
    key("row_count");
    put_number(out_, table.rows());
    key("column_count");
    put_number(out_, static_cast<std::int64_t>(columns.size()));
    end('}');
  }

  void write_headings(const std::vector<ColumnView>& columns) {
    begin('[');
    for (const ColumnView& column : columns) {
      next();
      begin('{');
      key("name");
      put_string(out_, column.name());
      key("type");
      put_string(out_, name_of(column.type()));
      end('}');
    }
    end(']');
  }

  void write_grid(const std::vector<ColumnView>& columns, std::int64_t rows, std::uint32_t depth) {
    begin('[');
    for (std::int64_t row = 0; row < rows; ++row) {
      next();
      begin('[');
      for (const ColumnView& column : columns) {
        next();
        write_cell(column, row, depth);
      }
      end(']');
    }
    end(']');
  }

  void write_rows(const std::vector<ColumnView>& columns, std::int64_t rows, std::uint32_t depth) {
    begin('[');
    for (std::int64_t row = 0; row < rows; ++row) {
      next();
      begin('{');
      for (const ColumnView& column : columns) {
        key(column.name());
        write_cell(column, row, depth);
      }
      end('}');
    }
    end(']');
  }

  void write_cell(const ColumnView& column, std::int64_t row, std::uint32_t depth) {
    if (column.type() == CellType::text && !column.is_null(row)) {
      put_string(out_, column.text(row));
    } else {
      write(column.cell(row), depth + 2);
    }
  }

  void key(std::string_view name) {
    next();
    put_string(out_, name);
    out_ += style_.indent > 0 ? ": " : ":";
  }

  void begin(char bracket) {
    out_ += bracket;
    ++level_;
    first_ = true;
  }
  void next() {
    if (!first_) out_ += ',';
    first_ = false;
    line();
  }
  void end(char bracket) {
    --level_;
    if (!first_) line();
    first_ = false;
    out_ += bracket;
  }
  void line() {
    if (style_.indent > 0) out_.append(1, '\n').append(static_cast<std::size_t>(level_ * style_.indent), ' ');
  }

  std::string& out_;
  const JsonStyle& style_;
  int level_ = 0;
  bool first_ = true;
};

}  // namespace

std::string to_json(const Value& value, const JsonStyle& style) {
  std::string out;
  JsonWriter(out, style).write(value, 1);
  return out;
}

}  // namespace mortise::data
