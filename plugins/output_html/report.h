// What a report says: its configuration, read and checked. The words of it are explained in README.md.
//
// A section has a title, text, and any number of plots and tables. A plot has one or more layers on the same x axis; a layer
// takes columns of one table. x, y and series are expressions, so a plot can be made of what the table does not hold yet. When
// every y is an aggregate (mean(temp_max)), the rows are grouped by x and series first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/expression.h"
#include "lib/statistics.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

enum class PlotKind { line, bar, scatter, histogram, band };
enum class XFormat { automatic, month, weekday };

struct LayerSpec {
  struct Measure {
    std::string name;
    std::variant<Expression, AggregateCall> what;
  };
  PlotKind kind = PlotKind::line;
  std::string input;  // context key; empty: the input of the step
  std::optional<Expression> x;
  std::vector<Measure> y;
  std::optional<Expression> series;
  std::optional<Expression> where;
  std::string label;      // of a band
  std::int64_t bins = 0;  // of a histogram; 0: chosen
  double shift_days = 0;  // moves points along a time axis: a month's mean belongs to its middle
  bool right_axis = false;
  std::string key;  // where it stands in the config, for errors
};

struct PlotSpec {
  std::string title, note, description;
  std::string unit, x_title, y_title, y2_title;
  std::optional<bool> legend;
  bool stacked = false;
  XFormat x_format = XFormat::automatic;
  std::vector<std::pair<std::string, std::string>>
      colors;  // series: name of a color; their order is the order of the series
  std::vector<LayerSpec> layers;
};

struct TableSpec {
  std::string title, input;
  std::int64_t limit = 10;
  std::vector<std::string> columns;
  std::map<std::string, std::string, std::less<>> labels;  // column: heading
  std::string key;
};

struct FigureSpec {  // one number that matters
  std::string label, input, unit, note;
  AggregateCall value;
  std::optional<Expression> at;  // of min and max: shown from the row where it is
  std::string key;
};

struct SectionSpec {
  std::string title, text;
  std::vector<std::variant<PlotSpec, TableSpec>> parts;
};

struct ReportSpec {
  std::string path, title, summary, source, input;
  std::vector<FigureSpec> figures;
  std::vector<SectionSpec> sections;
};

// Throws Error{invalid} with the path of the key: "sections[1].plot.kind".
[[nodiscard]] ReportSpec read_report(const Value& config);

}  // namespace mortise::plugins
