#include "cli/junit.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

#include "cli/json.h"

namespace mortise::cli {
namespace {

// As text or between quotes. What XML 1.0 has no place for becomes '?'.
std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    switch (c) {
      case '&': made += "&amp;"; break;
      case '<': made += "&lt;"; break;
      case '>': made += "&gt;"; break;
      case '"': made += "&quot;"; break;
      case '\n': made += "&#10;"; break;
      case '\r': made += "&#13;"; break;
      case '\t': made += "&#9;"; break;
      default: made += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  // U+FFFE and U+FFFF are no characters of XML either.
  for (const std::string_view none : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    for (std::size_t at; (at = made.find(none)) != std::string::npos;) made.replace(at, none.size(), "?");
  }
  return made;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

struct Suite {
  std::vector<const Value*> cases;
  std::size_t failed = 0, skipped = 0;
  double seconds = 0;
};

std::string case_text(const Value& one) {
  const std::string outcome = text_in(one, "outcome"), message = text_in(one, "message"), output = text_in(one, "output");
  std::string text = "    <testcase classname=\"" + escaped(text_in(one, "suite")) + "\" name=\"" + escaped(text_in(one, "name")) +
                     "\" time=\"" + seconds_text(number_in(one, "seconds")) + "\">";
  const std::string first = escaped(message.substr(0, message.find('\n')));
  if (outcome == "failed") text += "<failure message=\"" + first + "\">" + escaped(message) + "</failure>";
  if (outcome == "skipped") text += "<skipped message=\"" + first + "\"/>";
  if (!output.empty()) text += "<system-out>" + escaped(output) + "</system-out>";
  return text + "</testcase>\n";
}

std::string counts(std::size_t tests, std::size_t failed, std::size_t skipped, double seconds) {
  return "\" tests=\"" + std::to_string(tests) + "\" failures=\"" + std::to_string(failed) + "\" errors=\"0\" skipped=\"" +
         std::to_string(skipped) + "\" time=\"" + seconds_text(seconds) + "\">\n";
}

}  // namespace

std::string junit_text(const Value& result) {
  std::vector<std::string> order;
  std::map<std::string, Suite> suites;
  for (const Value& one : list_in(result, "cases").items()) {
    const std::string name = text_in(one, "suite"), outcome = text_in(one, "outcome");
    if (!suites.contains(name)) order.push_back(name);
    Suite& suite = suites[name];
    suite.cases.push_back(&one);
    suite.failed += outcome == "failed" ? 1 : 0;
    suite.skipped += outcome == "skipped" ? 1 : 0;
    suite.seconds += number_in(one, "seconds");
  }
  const auto number = [&](const char* key) { return static_cast<std::size_t>(integer_in(result, key)); };
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"" + escaped(text_in(result, "plugin")) +
                     counts(number("passed") + number("failed") + number("skipped"), number("failed"), number("skipped"),
                            number_in(result, "seconds"));
  for (const std::string& name : order) {
    const Suite& suite = suites.at(name);
    text += "  <testsuite name=\"" + escaped(name) + counts(suite.cases.size(), suite.failed, suite.skipped, suite.seconds);
    for (const Value* one : suite.cases) text += case_text(*one);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace mortise::cli
