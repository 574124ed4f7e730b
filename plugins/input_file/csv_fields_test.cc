#include "input_file/csv_fields.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "input_file/csv_numbers.h"
#include "lib/civil.h"
#include "lib/text_type.h"
#include "mortise/error.hpp"

using namespace mortise;
using namespace mortise::plugins;

namespace {

struct Padded {
  std::string bytes;
  std::size_t size;
  explicit Padded(std::string text) : bytes(std::move(text)), size(bytes.size()) {
    bytes.resize(size + CsvFields::padding);
  }
  [[nodiscard]] std::string_view text() const { return std::string_view(bytes).substr(0, size); }
};

// "a|b" for each record, quoted fields in brackets.
std::string fast(const std::string& text, std::size_t width, CsvDialect dialect = {}) {
  const Padded padded(text);
  const CsvFields fields(padded.text(), dialect, width);
  std::string out, scratch;
  for (std::size_t row = 0; row < fields.rows(); ++row) {
    for (std::size_t i = 0; i < width; ++i) {
      if (i > 0) out += '|';
      const std::string field(fields.text(row, i, scratch));
      out += fields.quoted(row, i) ? "[" + field + "]" : field;
    }
    out += ';';
  }
  for (const CsvFault& fault : fields.faults()) out += "!" + fault.what + ";";
  return out;
}

std::string slow(const std::string& text, std::size_t width, CsvDialect dialect = {}) {
  std::string out;
  const std::string path = "t";
  CsvReader reader(text, path, dialect);
  if (width == 1) reader.keep_blank_lines();
  std::vector<CsvField> record;
  while (reader.next(record)) {
    if (record.size() != width) return "ragged";
    for (std::size_t i = 0; i < width; ++i) {
      if (i > 0) out += '|';
      out += record[i].quoted ? "[" + std::string(record[i].text) + "]" : std::string(record[i].text);
    }
    out += ';';
  }
  return out;
}

}  // namespace

TEST_CASE("fields are found across line ends of every kind, quotes and the end of the text") {
  CHECK(fast("a,b\n1,2\r\n3,4\r5,6", 2) == "a|b;1|2;3|4;5|6;");
  CHECK(fast("\"x,\"\"y\"\"\n\",\n\n,\"\"\n", 2) == "[x,\"y\"\n]|;|[];");
  CHECK(fast("a\"b,5\" pipe\n", 2) == "a\"b|5\" pipe;");
  CHECK(fast("a,", 2) == "a|;");
  CHECK(fast("\"a\",", 2) == "[a]|;");
  CHECK(fast("\n\n1\n", 1) == ";;1;");
  CHECK(fast("", 1).empty());
}

TEST_CASE("bad records are left out and named, and the next line is read again") {
  CHECK(fast("1,2\n3\n4,5,6\n7,8\n", 2) == "1|2;7|8;!expected 2 fields, got 1;!expected 2 fields, got 3;");
  CHECK(fast("\"a\"x,1\n2,3\n", 2) == "2|3;!text after a closing quote;");
  CHECK(fast("1,\"open\n2,3\n", 2) == "2|3;!the quote that opens here is never closed;");
}

TEST_CASE("the fast reader and the slow one agree on whatever is well-formed") {
  std::mt19937 random(7);
  const std::string alphabet = "ab1,,\"\"\n\r \t;";
  int compared = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    const auto length = random() % 90;
    for (unsigned i = 0; i < length; ++i) text += alphabet[random() % alphabet.size()];
    for (const std::size_t width : {1, 2}) {
      std::string expected;
      try {
        expected = slow(text, width);
      } catch (const Error&) {
        continue;
      }
      if (expected == "ragged") continue;
      ++compared;
      REQUIRE_MESSAGE(fast(text, width) == expected, text);
    }
  }
  CHECK(compared > 1'000);
}

TEST_CASE("quick numbers and dates are those of the careful readers") {
  std::mt19937_64 random(11);
  const auto compare = [](const std::string& text) {
    std::int64_t integer = 0;
    const auto careful = read_integer(text);
    REQUIRE_MESSAGE(parse_integer(text, integer) == careful.has_value(), text);
    if (careful) REQUIRE(*careful == integer);
    double real = 0;
    bool rounded = false;
    const auto exact = read_real(text);
    REQUIRE_MESSAGE((parse_real(text, real, rounded) != RealText::no) == exact.has_value(), text);
    if (exact) {
      REQUIRE_MESSAGE(real == exact->value, text);
      if (!exact->integer) REQUIRE_MESSAGE(rounded == !exact->exact, text);
    }
    std::int32_t days = 0;
    const auto date = parse_date(text);
    REQUIRE_MESSAGE(parse_iso_date(text, days) == date.has_value(), text);
    if (date) REQUIRE(*date == days);
  };
  for (const char* text : {"",
                           "-",
                           "0",
                           "-0",
                           "007",
                           "+1",
                           "9223372036854775807",
                           "9223372036854775808",
                           "-9223372036854775808",
                           "1.",
                           ".5",
                           "1e5",
                           "1e400",
                           "-0.0",
                           "0.1",
                           "123456789.123456",
                           "1234567890.1234567",
                           "00.5",
                           "inf",
                           "-Infinity",
                           "nan",
                           "1.5x",
                           "0001-01-01",
                           "9999-12-31",
                           "2023-02-29",
                           "2024-02-29",
                           "1900-02-29",
                           "2000-02-29",
                           "2015-13-01",
                           "12345678901234567890",
                           "0.30000000000000004"}) {
    compare(text);
  }
  const std::string digits = "0123456789.-e";
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    const auto length = random() % 21;
    for (unsigned i = 0; i < length; ++i) text += digits[random() % (round % 2 == 0 ? 10 : digits.size())];
    if (round % 3 == 0 && text.size() > 4) text[text.size() / 2] = '.';
    compare(text);
  }
  for (std::int32_t day = -200'000; day < 200'000; day += 37) compare(format_date(day));
}
