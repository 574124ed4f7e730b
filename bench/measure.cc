#include "bench/measure.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "data/value_json.h"

namespace mortise::bench {
namespace {

double at(const std::vector<double>& sorted, double quantile) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[index];
}

std::string format(const char* pattern, double number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), pattern, number);
  return text.data();
}

std::string duration_text(double ns) {
  if (std::abs(ns) < 1'000) return format("%.1f ns", ns);
  if (std::abs(ns) < 1'000'000) return format("%.1f us", ns / 1e3);
  if (std::abs(ns) < 1'000'000'000) return format("%.2f ms", ns / 1e6);
  return format("%.2f s", ns / 1e9);
}

Value as_value(const Distribution& d) {
  return Value::map({{"median_ns", d.median},
                     {"p95_ns", d.p95},
                     {"p99_ns", d.p99},
                     {"lowest_round_ns", d.lowest_round},
                     {"highest_round_ns", d.highest_round}});
}

constexpr std::array columns{"what", "median", "p95", "p99", "rounds", "floor", "ratio", "aim", "met"};

void print_line(const std::array<std::string, columns.size()>& cells, const std::array<std::size_t, columns.size()>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line += i == 0 ? "" : " | ";
    line += cells[i];
    if (i + 1 < cells.size()) line.append(widths[i] - std::min(widths[i], cells[i].size()), ' ');
  }
  std::printf("%s\n", line.c_str());
}

std::string text_of(const Value& row, std::string_view key) {
  const Value* value = row.find(key);
  return value != nullptr && value->is(Kind::string) ? std::string(value->as_string()) : std::string();
}

void print_table(const std::vector<Value>& rows) {
  std::array<std::size_t, columns.size()> widths{};
  std::vector<std::array<std::string, columns.size()>> lines(1);
  for (std::size_t i = 0; i < columns.size(); ++i) lines[0][i] = columns[i];
  for (const Value& row : rows) {
    auto& line = lines.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) line[i] = text_of(row.at("shown"), columns[i]);
  }
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < columns.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) print_line(line, widths);
}

Value row_of(const std::string& what, const Distribution& thing, const std::optional<Aim>& aim, bool met) {
  Value row = Value::map({{"what", what}, {"thing", as_value(thing)}});
  Value shown = Value::map({{"what", what},
                            {"median", duration_text(thing.median)},
                            {"p95", duration_text(thing.p95)},
                            {"p99", duration_text(thing.p99)},
                            {"rounds", duration_text(thing.lowest_round) + " to " + duration_text(thing.highest_round)}});
  if (aim) {
    row.set("aim", aim->text());
    row.set("met", met);
    shown.set("aim", aim->text());
    shown.set("met", met ? "yes" : "NO");
  }
  row.set("shown", shown);
  return row;
}

}  // namespace

Distribution Distribution::of(const std::vector<std::vector<double>>& rounds) {
  std::vector<double> all, medians;
  for (std::vector<double> round : rounds) {
    std::sort(round.begin(), round.end());
    medians.push_back(at(round, 0.5));
    all.insert(all.end(), round.begin(), round.end());
  }
  std::sort(all.begin(), all.end());
  std::sort(medians.begin(), medians.end());
  return {at(all, 0.5), at(all, 0.95), at(all, 0.99), at(medians, 0), at(medians, 1)};
}

bool Aim::met(const Pair& pair) const noexcept {
  switch (kind) {
    case Kind::added_ns: return pair.thing.median - pair.floor.median <= limit;
    case Kind::ratio: return pair.thing.median <= limit * pair.floor.median;
    case Kind::absolute_ns: return pair.thing.median <= limit;
    case Kind::times_faster: return pair.thing.median * limit <= pair.floor.median;
  }
  return false;
}

std::string Aim::text() const {
  switch (kind) {
    case Kind::added_ns: return "adds at most " + duration_text(limit);
    case Kind::ratio: return "at most " + format("%.2gx", limit) + " the floor";
    case Kind::absolute_ns: return "at most " + duration_text(limit);
    case Kind::times_faster: return format("%.0fx", limit) + " faster than the floor";
  }
  return {};
}

void Report::add(std::string what, std::string floor_name, const Pair& pair, std::optional<Aim> aim) {
  Value row = row_of(what, pair.thing, aim, aim && aim->met(pair));
  row.set("floor_name", floor_name);
  row.set("floor", as_value(pair.floor));
  const double ratio = pair.thing.median / pair.floor.median;
  Value& shown = row["shown"];
  shown.set("floor", duration_text(pair.floor.median) + " (" + floor_name + ")");
  shown.set("ratio", (ratio < 0.1 ? format("1/%.0fx", 1 / ratio) : format("%.2fx", ratio)) + " (" +
                         (pair.thing.median < pair.floor.median ? "-" : "+") +
                         duration_text(std::abs(pair.thing.median - pair.floor.median)) + ")");
  rows_.push_back(std::move(row));
}

void Report::add(std::string what, const Distribution& thing, std::optional<Aim> aim) {
  rows_.push_back(row_of(what, thing, aim, aim && aim->met({thing, thing})));
}

void Report::add_rate(std::string what, std::string floor_name, const std::string& unit, double thing, double floor) {
  const Value shown = Value::map({{"what", what},
                                  {"median", format("%.0f ", thing) + unit},
                                  {"floor", format("%.0f ", floor) + unit + " (" + floor_name + ")"},
                                  {"ratio", format("%.2fx", thing / floor)}});
  rows_.push_back(Value::map({{"what", what},
                              {"rate", thing},
                              {"unit", unit},
                              {"floor_name", floor_name},
                              {"floor_rate", floor},
                              {"shown", shown}}));
}

int Report::finish(int argc, char** argv) const {
  print_table(rows_);
  for (const std::string& note : notes_) std::printf("%s\n", note.c_str());
  constexpr std::string_view option = "--benchmark_out=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with(option)) continue;
    Value rows = Value::list(), notes = Value::list();
    for (const Value& row : rows_) rows.push_back(row);
    for (const std::string& note : notes_) notes.push_back(note);
    std::ofstream file{std::string(argument.substr(option.size()))};
    file << data::to_json(Value::map({{"rows", rows}, {"notes", notes}})) << '\n';
    if (!file.flush()) return 1;
  }
  return 0;
}

}  // namespace mortise::bench
