#include "output_html/report.h"

#include <algorithm>
#include <array>

#include "lib/options.h"
#include "lib/suggest.h"

namespace mortise::plugins {
namespace {

constexpr std::array<std::string_view, 9> color_names{"blue",  "orange", "green", "red", "violet",
                                                      "amber", "teal",   "grey",  "sky"};

std::map<std::string, std::string, std::less<>> read_texts(const Options& map) {
  std::map<std::string, std::string, std::less<>> texts;
  if (map.value().is_null()) return texts;
  for (const Member& member : map.value().members()) {
    texts.emplace(std::string(member.key()), map.required_text(member.key()));
  }
  return texts;
}

std::optional<Expression> read_expression(const Options& options, std::string_view key) {
  const auto text = options.text(key);
  if (!text) return std::nullopt;
  return parse_expression(*text, options.path(key));
}

PlotKind kind_named(const std::string& name) {
  constexpr std::pair<std::string_view, PlotKind> kinds[] = {{"line", PlotKind::line},
                                                             {"bar", PlotKind::bar},
                                                             {"scatter", PlotKind::scatter},
                                                             {"histogram", PlotKind::histogram},
                                                             {"band", PlotKind::band}};
  return std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& kind) { return kind.first == name; })->second;
}

// "temp_max" or "mean(temp_max)".
LayerSpec::Measure read_measure(std::string name, const Value& text, const std::string& key) {
  if (!text.is(Kind::string)) throw wrong_option(key, "an expression", text);
  Expression expression = parse_expression(text.as_string(), key);
  const bool is_aggregate = expression.kind == Expression::Kind::call && aggregate_named(expression.name).has_value();
  if (name.empty()) {
    name = expression.kind == Expression::Kind::column ? expression.name : std::string(text.as_string());
  }
  if (is_aggregate) return {std::move(name), parse_aggregate(text.as_string(), key)};
  return {std::move(name), std::move(expression)};
}

std::vector<LayerSpec::Measure> read_measures(const Options& options) {
  std::vector<LayerSpec::Measure> measures;
  const Value* y = options.find("y");
  if (y != nullptr && y->is(Kind::map)) {
    for (const Member& member : y->members()) {
      measures.push_back(
          read_measure(std::string(member.key()), member.value(), options.path("y." + std::string(member.key()))));
    }
    return measures;
  }
  const auto list = options.list("y");
  for (std::size_t i = 0; i < list.size(); ++i) {
    measures.push_back(read_measure({}, *list[i], options.path("y[" + std::to_string(i) + "]")));
  }
  return measures;
}

Error bad_layer(const Options& options, std::string_view key, const std::string& what, const std::string& hint) {
  return Error(Code::invalid, options.path(key) + ": " + what, hint).with("key", options.path(key));
}

// What only makes sense together.
void check_layer(const Options& options, const LayerSpec& layer) {
  if (layer.kind == PlotKind::histogram) {
    if (!layer.x) throw bad_layer(options, "x", "a histogram needs x", "for example x: wind");
    if (!layer.y.empty())
      throw bad_layer(options, "y", "a histogram counts x and has no y", "leave y out, or use a bar");
    return;
  }
  if (!layer.x) throw bad_layer(options, "x", "x is required", "for example x: date");
  if (layer.y.empty()) throw bad_layer(options, "y", "y is required", "for example y: [temp_max, temp_min]");
  if (layer.kind == PlotKind::band && layer.y.size() != 2) {
    throw bad_layer(options, "y", "a band needs two columns, got " + std::to_string(layer.y.size()),
                    "y: [lower, upper]");
  }
  const auto is_aggregate = [](const LayerSpec::Measure& measure) {
    return std::holds_alternative<AggregateCall>(measure.what);
  };
  const auto count = std::count_if(layer.y.begin(), layer.y.end(), is_aggregate);
  if (count != 0 && count != static_cast<std::ptrdiff_t>(layer.y.size())) {
    throw bad_layer(options, "y", "some are aggregates and some are not", "put them into two layers");
  }
}

LayerSpec read_layer(const Options& options, const LayerSpec* base) {
  LayerSpec layer = base != nullptr ? *base : LayerSpec{};
  layer.key = options.path("x");
  layer.key = layer.key.substr(0, layer.key.size() - (layer.key == "x" ? 1 : 2));
  if (options.find("kind") != nullptr || base == nullptr) {
    layer.kind = kind_named(options.choice("kind", {"line", "bar", "scatter", "histogram", "band"}));
  }
  layer.input = options.text("input", layer.input);
  if (auto x = read_expression(options, "x")) layer.x = std::move(x);
  if (options.find("y") != nullptr) layer.y = read_measures(options);
  if (base != nullptr) layer.series.reset();
  if (auto series = read_expression(options, "series")) layer.series = std::move(series);
  if (auto where = read_expression(options, "where")) layer.where = std::move(where);
  layer.label = options.text("label", base != nullptr ? "" : layer.label);
  layer.bins = options.integer("bins", 1, 500).value_or(0);
  layer.shift_days = static_cast<double>(options.integer("shift_days", -10'000, 10'000).value_or(0));
  layer.right_axis = options.choice("axis", {"left", "right"}) == "right";
  check_layer(options, layer);
  return layer;
}

void read_colors(const Options& options, PlotSpec& plot) {
  const Options colors = options.map("colors");
  if (colors.value().is_null()) return;
  for (const Member& member : colors.value().members()) {
    const std::string series(member.key());
    const std::string color = colors.required_text(series);
    plot.colors.emplace_back(series, color);
    if (std::find(color_names.begin(), color_names.end(), color) != color_names.end()) continue;
    const std::string key = options.path("colors." + series);
    throw Error(Code::invalid, key + ": there is no color '" + color + "'",
                suggestion(color, std::vector<std::string>(color_names.begin(), color_names.end())))
        .with("key", key)
        .with("got", color);
  }
}

PlotSpec read_plot(const Options& options) {
  options.only({"title",   "note",     "description", "unit",       "x_title", "y_title", "y2_title", "legend",
                "stacked", "x_format", "colors",      "kind",       "input",   "x",       "y",        "series",
                "where",   "label",    "bins",        "shift_days", "axis",    "layers"});
  PlotSpec plot;
  plot.title = options.required_text("title");
  plot.note = options.text("note", "");
  plot.description = options.text("description", "");
  plot.unit = options.text("unit", "");
  plot.x_title = options.text("x_title", "");
  plot.y_title = options.text("y_title", "");
  plot.y2_title = options.text("y2_title", "");
  if (options.find("legend") != nullptr) plot.legend = options.flag("legend", true);
  plot.stacked = options.flag("stacked", false);
  const std::string format = options.choice("x_format", {"auto", "month", "weekday"});
  if (format != "auto") plot.x_format = format == "month" ? XFormat::month : XFormat::weekday;
  read_colors(options, plot);
  plot.layers.push_back(read_layer(options, nullptr));
  const auto more = options.list("layers");
  for (std::size_t i = 0; i < more.size(); ++i) {
    const Options layer(*more[i], options.path("layers[" + std::to_string(i) + "]"));
    layer.only({"kind", "input", "x", "y", "series", "where", "label", "bins", "shift_days", "axis"});
    const LayerSpec base = plot.layers.front();
    plot.layers.push_back(read_layer(layer, &base));
  }
  const auto histograms = std::count_if(plot.layers.begin(), plot.layers.end(),
                                        [](const LayerSpec& layer) { return layer.kind == PlotKind::histogram; });
  if (histograms > 0 && plot.layers.size() > 1) {
    throw bad_layer(options, "layers", "a histogram has an axis of its own", "make two plots");
  }
  return plot;
}

TableSpec read_table_spec(const Options& options) {
  options.only({"title", "input", "limit", "columns", "labels"});
  TableSpec table;
  table.title = options.text("title", "");
  table.input = options.text("input", "");
  table.limit = options.integer("limit", 1, 100'000).value_or(10);
  table.columns = options.texts("columns");
  table.labels = read_texts(options.map("labels"));
  table.key = options.path("columns");
  return table;
}

SectionSpec read_section(const Options& options) {
  options.only({"title", "text", "plot", "plots", "table", "tables"});
  SectionSpec section;
  section.title = options.text("title", "");
  section.text = options.text("text", "");
  for (const std::string_view key : {"plot", "plots"}) {
    const auto list = options.list(key);
    const bool several = !list.empty() && options.find(key)->is(Kind::list);
    for (std::size_t i = 0; i < list.size(); ++i) {
      section.parts.emplace_back(
          read_plot(Options(*list[i], options.path(key) + (several ? "[" + std::to_string(i) + "]" : ""))));
    }
  }
  for (const std::string_view key : {"table", "tables"}) {
    const auto list = options.list(key);
    const bool several = !list.empty() && options.find(key)->is(Kind::list);
    for (std::size_t i = 0; i < list.size(); ++i) {
      section.parts.emplace_back(
          read_table_spec(Options(*list[i], options.path(key) + (several ? "[" + std::to_string(i) + "]" : ""))));
    }
  }
  if (section.title.empty() && section.text.empty() && section.parts.empty()) {
    throw Error(Code::invalid, options.path("title") + ": an empty section", "give it a title, text, a plot or a table")
        .with("key", options.path("title"));
  }
  return section;
}

FigureSpec read_figure(const Options& options) {
  options.only({"label", "input", "value", "unit", "note", "at"});
  FigureSpec figure;
  figure.label = options.required_text("label");
  figure.input = options.text("input", "");
  figure.unit = options.text("unit", "");
  figure.note = options.text("note", "");
  figure.key = options.path("value");
  figure.value = parse_aggregate(options.required_text("value"), figure.key);
  figure.at = read_expression(options, "at");
  const bool extreme = figure.value.function == Aggregate::min || figure.value.function == Aggregate::max;
  if (figure.at && !extreme) {
    throw Error(Code::invalid, options.path("at") + ": only min and max are found in one row", "leave `at` out")
        .with("key", options.path("at"));
  }
  return figure;
}

}  // namespace

ReportSpec read_report(const Value& config) {
  const Options options(config);
  options.only({"path", "title", "summary", "source", "input", "figures", "sections"});
  ReportSpec report;
  report.path = options.required_text("path");
  report.title = options.text("title", "Report");
  report.summary = options.text("summary", "");
  report.source = options.text("source", "");
  report.input = options.text("input", "");
  const auto figures = options.list("figures");
  for (std::size_t i = 0; i < figures.size(); ++i) {
    report.figures.push_back(read_figure(Options(*figures[i], "figures[" + std::to_string(i) + "]")));
  }
  const auto sections = options.list("sections");
  for (std::size_t i = 0; i < sections.size(); ++i) {
    report.sections.push_back(read_section(Options(*sections[i], "sections[" + std::to_string(i) + "]")));
  }
  if (report.sections.empty() && report.figures.empty()) {
    throw Error(Code::invalid, "sections is required", "for example sections: [{title: Data, table: {limit: 20}}]")
        .with("key", "sections");
  }
  return report;
}

}  // namespace mortise::plugins
