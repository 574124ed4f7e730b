#include "input_file/csv.h"

#include <doctest/doctest.h>

#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

// Every record as its fields between brackets.
std::string records(std::string_view text, CsvDialect dialect = {}) {
  const std::string path = "t.csv";
  CsvReader reader(text, path, dialect);
  std::vector<CsvField> record;
  std::string out;
  while (reader.next(record)) {
    out += std::to_string(reader.line());
    for (const CsvField& field : record) out.append("[").append(field.text).append("]");
    out += ' ';
  }
  return out;
}

}  // namespace

TEST_CASE("lines may end in any way, and blank ones are skipped") {
  CHECK(records("a,b\n1,2\r\n3,4\r5,6") == "1[a][b] 2[1][2] 3[3][4] 4[5][6] ");
  CHECK(records("a,b\n\n\r\n1,2\n\n") == "1[a][b] 4[1][2] ");
  CHECK(records("").empty());
  CHECK(records(",\n") == "1[][] ");
}

TEST_CASE("fields in quotes hold delimiters, line ends and quotes") {
  CHECK(records("\"a,b\",\"c\nd\"\nx,\"\"") == "1[a,b][c\nd] 3[x][] ");
  CHECK(records("\"say \"\"hi\"\"\",\"\"\"\"\n") == "1[say \"hi\"][\"] ");
  CHECK(records("5\" pipe,a\"b\n") == "1[5\" pipe][a\"b] ");
  CHECK(records("\"a\";b\n", {';', '"'}) == "1[a][b] ");
  CHECK(records("\"a,b\n", {',', '\0'}) == "1[\"a][b] ");
}

TEST_CASE("a quote that is never closed is reported at the line where it opened") {
  const Error open = error_of([] { records("a\nb,\"c\nd\ne"); });
  CHECK(std::string(open.what()) == "t.csv line 2: the quote that opens here is never closed");
  const Error after = error_of([] { records("a,b\n\"x\"y,2\n"); });
  CHECK(after.detail("line") == "2");
  CHECK(after.detail("got") == "'y'");
}

TEST_CASE("the delimiter is the one that the first line uses most") {
  CHECK(guess_delimiter("a,b;c\n;;;;;", '"') == ',');
  CHECK(guess_delimiter("a;b;c,d\n", '"') == ';');
  CHECK(guess_delimiter("\"a;b;c\",d\n", '"') == ',');
  CHECK(guess_delimiter("a\tb", '"') == '\t');
  CHECK(guess_delimiter("a|b", '"') == '|');
  CHECK(guess_delimiter("one", '"') == ',');
}
