#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "lib/fake_host.h"
#include "lib/testing.h"
#include "output_html/assets.h"
#include "output_html/number_text.h"
#include "output_html/page.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;
namespace fs = std::filesystem;

namespace {

Batch days() {
  return table({{"date", Value::list({"2012-01-01", "2012-01-02", "2012-02-01", "2013-01-05"})},
                {"high", Value::list({12.5, -3.5, nullptr, 7.0})},
                {"low", Value::list({2.0, -8.25, 1.0, NAN})},
                {"weather", Value::list({"rain", "sun", "rain", nullptr})},
                {"n", Value::list({1, 2, 3, 12000})}});
}

Value plot(std::initializer_list<std::pair<std::string_view, Value>> keys) {
  Value map = Value::map({{"title", "A plot"}});
  for (const auto& [key, value] : keys) map.set(key, value);
  return map;
}

Value report_with(const Value& plot_config) {
  return Value::map({{"path", "r.html"}, {"sections", Value::list({Value::map({{"plot", plot_config}})})}});
}

Chart chart(const Value& plot_config) {
  const ReportSpec report = read_report(report_with(plot_config));
  return make_chart(std::get<PlotSpec>(report.sections[0].parts[0]), [](const std::string&) { return days(); });
}

std::string page(const Value& config, const Batch& of = days()) {
  return make_page(read_report(config), [&](const std::string&) { return of; });
}

// "label=value ..." of a series over categories, "x:y ..." over numbers.
std::string points(const Chart& chart, std::size_t series) {
  const Series& s = chart.series.at(series);
  std::string out = s.name + " ";
  for (std::size_t i = 0; i < s.y.size(); ++i) {
    out += chart.x_axis == AxisKind::category
               ? chart.labels[i] + "="
               : shortest(s.x[i] / (chart.x_axis == AxisKind::time ? 86'400'000.0 : 1)) + ":";
    out += (s.y[i] ? shortest(*s.y[i]) : "null") + " ";
  }
  return out;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// What the plugin embedded is not ours to judge; what it wrote around it is.
std::string without_assets(std::string text) {
  for (const Asset& asset : {chart_library(), report_script(), report_style()}) {
    const std::size_t at = text.find(asset.text);
    if (at != std::string::npos) text.erase(at, asset.text.size());
  }
  return text;
}

Error error(const Value& config) {
  return error_of([&] { (void)page(config); });
}

}  // namespace

TEST_CASE("rows become points along a time axis, with gaps where a value is missing") {
  const Chart lines = chart(plot({{"x", "date"}, {"y", Value::list({"high", "low"})}}));
  CHECK(lines.x_axis == AxisKind::time);
  CHECK(lines.whole_days);
  CHECK(points(lines, 0) == "high 15340:12.5 15341:-3.5 15371:null 15710:7 ");
  CHECK(points(lines, 1) == "low 15340:2 15341:-8.25 15371:1 15710:null ");
}

TEST_CASE("aggregates group the rows by x and series, and colors put the series in order") {
  const Chart bars = chart(plot({{"kind", "bar"},
                                 {"x", "month(date)"},
                                 {"x_format", "month"},
                                 {"y", "count()"},
                                 {"series", "weather"},
                                 {"colors", Value::map({{"sun", "amber"}, {"rain", "blue"}})}}));
  CHECK(bars.labels == std::vector<std::string>{"Jan", "Feb"});
  CHECK(points(bars, 0) == "sun Jan=1 Feb=null ");
  CHECK(points(bars, 1) == "rain Jan=1 Feb=1 ");
  CHECK(points(bars, 2) == "(none) Jan=1 Feb=null ");
  CHECK(bars.series[0].color == "amber");
}

TEST_CASE("a band, a layer over it, and a second axis share the x axis") {
  const Chart range = chart(plot({{"kind", "band"},
                                  {"x", "date"},
                                  {"y", Value::list({"low", "high"})},
                                  {"label", "Range"},
                                  {"layers", Value::list({Value::map({{"kind", "line"},
                                                                      {"x", "trunc(date, \"month\")"},
                                                                      {"y", Value::map({{"Mean", "mean(high)"}})},
                                                                      {"shift_days", 15},
                                                                      {"axis", "right"}})})}}));
  REQUIRE(range.series.size() == 3);
  CHECK(range.series[0].draw == Series::Draw::band_low);
  CHECK(range.series[1].draw == Series::Draw::band_high);
  CHECK(range.series[1].name == "Range");
  CHECK(points(range, 2) == "Mean 15355:4.5 15386:null 15721:7 ");
  CHECK(range.series[2].right_axis);
}

TEST_CASE("a scatter plot leaves out what has no place, and is in order of x") {
  const Chart dots = chart(plot({{"kind", "scatter"}, {"x", "high"}, {"y", "low"}, {"series", "weather"}}));
  CHECK(dots.x_axis == AxisKind::number);
  CHECK(points(dots, 0) == "rain 12.5:2 ");
  CHECK(points(dots, 1) == "sun -3.5:-8.25 ");
}

TEST_CASE("a histogram counts every number once in bins with round edges") {
  const Chart bins = chart(plot({{"kind", "histogram"}, {"x", "high"}, {"bins", 4}}));
  CHECK(bins.labels == std::vector<std::string>{"−5 – 0", "0 – 5", "5 – 10", "10 – 15"});
  CHECK(points(bins, 0) == "rows −5 – 0=1 0 – 5=0 5 – 10=1 10 – 15=1 ");
  CHECK(chart(plot({{"kind", "histogram"}, {"x", "high"}, {"where", "n > 100000"}})).labels.empty());
}

TEST_CASE("long series are thinned out and say so") {
  Value xs = Value::list();
  for (int i = 0; i < 50'000; ++i) xs.push_back(i);
  const Batch many = table({{"x", xs}});
  const ReportSpec report = read_report(report_with(plot({{"x", "x"}, {"y", "x"}})));
  const Chart line =
      make_chart(std::get<PlotSpec>(report.sections[0].parts[0]), [&](const std::string&) { return many; });
  CHECK(line.series[0].x.size() < 20'001);
  CHECK(line.remarks.at(0) == "'x' shows 16,667 of its 50,000 points.");
}

TEST_CASE("numbers are written for people") {
  CHECK(number_text(35.6) == "35.6");
  CHECK(number_text(-1.625) == "−1.62");
  CHECK(number_text(2012) == "2012");
  CHECK(number_text(12345.678) == "12,346");
  CHECK(number_text(1234567.0, 2) == "1,234,567.00");
  CHECK(number_text(0.000123456) == "0.000123");
  CHECK(number_text(-0.001, 1) == "0.0");
  CHECK(number_text(1e30) == "1.00e+30");
  CHECK(number_text(INFINITY) == "∞");
  CHECK(decimals_for({1, 2, 3}) == 0);
  CHECK(decimals_for({1.5, 2.25}) == 2);
  CHECK(decimals_for({1.0 / 3}) == 3);
  CHECK(round_step(0.3) == doctest::Approx(0.5));
  CHECK(round_step(21) == doctest::Approx(50));
}

TEST_CASE("nothing in the data or the configuration can become markup or script") {
  const std::string evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\xe2\x80\xa8";
  const Batch hostile =
      table({{"x", Value::list({1, 2})}, {evil, Value::list({3, 4})}, {"s", Value::list({evil, "ok"})}});
  const Value config = Value::map(
      {{"path", "r.html"},
       {"title", evil},
       {"summary", evil},
       {"source", evil},
       {"figures",
        Value::list({Value::map({{"label", evil}, {"value", "max(x)"}, {"unit", evil}, {"note", evil}, {"at", "s"}})})},
       {"sections",
        Value::list({Value::map({{"title", evil},
                                 {"text", evil},
                                 {"plot", Value::map({{"title", evil},
                                                      {"note", evil},
                                                      {"description", evil},
                                                      {"unit", evil},
                                                      {"x_title", evil},
                                                      {"y_title", evil},
                                                      {"kind", "bar"},
                                                      {"x", "s"},
                                                      {"y", Value::map({{evil, "`" + evil + "`"}})}})},
                                 {"table", Value::map({{"title", evil}, {"labels", Value::map({{"x", evil}})}})}})})}});
  const std::string html = without_assets(page(config, hostile));
  CHECK(count(html, "alert(1)") > 15);  // it is all there to be read
  CHECK(count(html, "<script>") == 2);  // the two of ours
  CHECK(count(html, "</script>") == 3);
  CHECK(count(html, "<img") == 0);
  const std::regex json("<script type=\"application/json\"[^>]*>([^<]*)</script>");
  std::smatch found;
  REQUIRE(std::regex_search(html, found, json));
  CHECK(found[1].str().find('<') == std::string::npos);
  CHECK(found[1].str().find('&') == std::string::npos);
  CHECK(found[1].str().find("\xe2\x80\xa8") == std::string::npos);
}

TEST_CASE("the page names no other place, and its policy allows its own script and style and nothing else") {
  const std::string html = page(report_with(plot({{"x", "date"}, {"y", "high"}})));
  const std::string own = without_assets(html);
  for (const char* address : {"http:", "https:", "//cdn", "src=", "url(", "@import", "<iframe", "<object", "<base"}) {
    CAPTURE(address);
    CHECK(own.find(address) == std::string::npos);
  }
  CHECK(count(own, "href=") == 1);
  CHECK(own.find("href=\"data:,\"") != std::string::npos);
  CHECK(own.find("default-src 'none'; script-src 'sha256-") != std::string::npos);
  CHECK(own.find("unsafe") == std::string::npos);
  CHECK(own.find(" style=") == std::string::npos);
  CHECK(own.find(" onclick=") == std::string::npos);
  for (const std::string_view asset : {report_script().text, report_style().text}) {
    CHECK(asset.find("http") == std::string_view::npos);
    CHECK(asset.find("url(") == std::string_view::npos);
  }
  for (const std::string_view asset : {chart_library().text, report_script().text, report_style().text}) {
    CHECK(asset.find("</") == std::string_view::npos);
    CHECK(asset.find('\r') == std::string_view::npos);
  }
  CHECK(policy_hash({"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) ==
        "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

TEST_CASE("whoever cannot see a chart gets it in words and in numbers") {
  const std::string html = page(
      report_with(plot({{"x", "date"}, {"y", Value::map({{"High", "high"}})}, {"unit", "°C"}, {"x_title", "Day"}})));
  CHECK(html.find("aria-label=\"Line chart: A plot. High: −3.5 to 12.5 °C.\"") != std::string::npos);
  CHECK(html.find("<summary>The numbers</summary>") != std::string::npos);
  CHECK(html.find("<th scope=\"col\" class=\"n\">High, °C</th>") != std::string::npos);
  CHECK(html.find("<td>2012-01-02</td><td class=\"n\">−3.5</td>") != std::string::npos);
  CHECK(html.find("<noscript>") != std::string::npos);
}

TEST_CASE("a table shows its rows, says when there are more, and aligns its numbers") {
  const std::string html = page(Value::map(
      {{"path", "r.html"},
       {"sections", Value::list({Value::map({{"table", Value::map({{"limit", 2},
                                                                   {"columns", Value::list({"weather", "n"})},
                                                                   {"labels", Value::map({{"n", "Count"}})}})}})})}}));
  CHECK(html.find("<tr><td>rain</td><td class=\"n\">1</td></tr>") != std::string::npos);
  CHECK(html.find("<th scope=\"col\" class=\"n\">Count</th>") != std::string::npos);
  CHECK(html.find("The first 2 of 4 rows.") != std::string::npos);
  CHECK(html.find(chart_library().text) == std::string::npos);  // not carried along when nothing is drawn
  const std::string empty =
      page(Value::map({{"path", "r"}, {"sections", Value::list({Value::map({{"table", Value::map()}})})}}),
           days()->Slice(0, 0));
  CHECK(empty.find("No rows.") != std::string::npos);
}

TEST_CASE("a figure shows its number and where it was found") {
  const std::string html = page(Value::map(
      {{"path", "r"},
       {"figures",
        Value::list({Value::map({{"label", "Hottest"}, {"value", "max(high)"}, {"unit", "°C"}, {"at", "date"}}),
                     Value::map({{"label", "Sum"}, {"value", "sum(n)"}}),
                     Value::map({{"label", "None"}, {"value", "mean(high * null)"}})})}}));
  CHECK(html.find("<dt>Hottest</dt><dd class=\"value\">12.5 <span class=\"unit\">°C</span></dd><dd class=\"note\">1 "
                  "Jan 2012</dd>") != std::string::npos);
  CHECK(html.find("<dd class=\"value\">12,006</dd>") != std::string::npos);
  CHECK(html.find("<dt>None</dt><dd class=\"value\">–</dd>") != std::string::npos);
}

TEST_CASE("mistakes in a report are named by the path of their key") {
  CHECK(error(Value::map({{"path", "r"}})).detail("key") == "sections");
  CHECK(error(Value::map({{"path", "r"}, {"sections", Value::list({Value::map()})}})).detail("key") ==
        "sections[0].title");
  CHECK(error(report_with(plot({{"x", "date"}, {"y", "high"}, {"kind", "pie"}}))).detail("key") ==
        "sections[0].plot.kind");
  CHECK(error(report_with(plot({{"y", "high"}}))).detail("key") == "sections[0].plot.x");
  CHECK(error(report_with(plot({{"x", "date"}}))).detail("key") == "sections[0].plot.y");
  CHECK(error(report_with(plot({{"x", "date"}, {"y", Value::list({"high", "count()"})}}))).detail("key") ==
        "sections[0].plot.y");
  CHECK(error(report_with(plot({{"x", "date"}, {"y", "high >"}}))).detail("key") == "sections[0].plot.y[0]");
  CHECK(error(report_with(plot({{"x", "date"}, {"y", "hihg"}}))).hint() == "did you mean 'high'?");
  CHECK(error(report_with(plot({{"x", "date"}, {"y", "weather"}}))).detail("expected") == "numbers");
  CHECK(error(report_with(plot({{"kind", "band"}, {"x", "date"}, {"y", "high"}}))).detail("key") ==
        "sections[0].plot.y");
  CHECK(error(report_with(plot({{"kind", "histogram"}, {"x", "weather"}}))).detail("key") == "sections[0].plot.x");
  CHECK(error(report_with(plot({{"x", "date"}, {"y", "high"}, {"colors", Value::map({{"high", "bleu"}})}}))).hint() ==
        "did you mean 'blue'?");
  CHECK(error(report_with(
                  plot({{"x", "date"}, {"y", "high"}, {"layers", Value::list({Value::map({{"x", "weather"}})})}})))
            .detail("key") == "sections[0].plot.layers[0].x");
  CHECK(error(Value::map(
                  {{"path", "r"},
                   {"figures", Value::list({Value::map({{"label", "x"}, {"value", "mean(high)"}, {"at", "date"}})})}}))
            .detail("key") == "figures[0].at");
}

TEST_CASE("the plugin writes the same page from the same data, whole") {
  std::string pattern = (fs::temp_directory_path() / "output_html_test.XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  const std::string path = (folder / "quickstart/report.html").string();
  FakeHost host;
  host.context["days"] = write_table(days());
  Value config = report_with(plot({{"x", "date"}, {"y", "high"}}));
  config["path"] = path;
  const auto content = [&] {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  const Value result = host.step(config, "days", "report");
  const std::string first = content();
  CHECK(result.at("outputs").at("report").at("bytes").as_int64() == static_cast<std::int64_t>(first.size()));
  CHECK(first.ends_with("</html>\n"));
  host.step(config, "days", "report");
  CHECK(content() == first);
  config["input"] = "nights";
  CHECK(error_of([&] { host.step(config, "days", "report"); }).code() == Code::not_found);
  fs::remove_all(folder);
}
