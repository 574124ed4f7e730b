#include "lib/json_text.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "mortise/leaf.hpp"

using namespace mortise;
using namespace mortise::plugins;

TEST_CASE("numbers keep all their digits and look like what they are") {
  CHECK(json_text(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  CHECK(json_text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(json_text(0.1) == "0.1");
  CHECK(json_text(1.0) == "1.0");
  CHECK(json_text(-0.0) == "-0.0");
  CHECK(json_text(1e300) == "1e+300");
  CHECK(json_text(5e-324) == "5e-324");
  CHECK(json_text(NAN) == "null");
  CHECK(json_text(-INFINITY) == "null");
  CHECK(shortest(0.1F) == "0.1");
}

TEST_CASE("texts are escaped, and inside a script nothing can end it") {
  CHECK(json_text("a\"b\\c\n\x01 é") == R"("a\"b\\c\n\u0001 é")");
  CHECK(json_text("</script><!--&", JsonFor::html) == R"("\u003c/script\u003e\u003c!--\u0026")");
  CHECK(json_text("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa6", JsonFor::html) == "\"\\u2028\\u2029\xe2\x80\xa6\"");
  CHECK(json_text("</script>") == "\"</script>\"");
}

TEST_CASE("times are RFC 3339 and bytes are base64") {
  CHECK(json_text(Time{0}) == "\"1970-01-01T00:00:00Z\"");
  CHECK(json_text(Time{-1}) == "\"1969-12-31T23:59:59.999999999Z\"");
  CHECK(json_text(Value::bytes("a")) == "\"YQ==\"");
  CHECK(json_text(Value::bytes("ab")) == "\"YWI=\"");
  CHECK(json_text(Value::bytes("abc")) == "\"YWJj\"");
  CHECK(json_text(Value::bytes("")) == "\"\"");
}

TEST_CASE("lists, maps and tensors nest") {
  CHECK(json_text(Value::map({{"a", Value::list({1, nullptr, true})}, {"b", Value::map()}})) ==
        R"({"a":[1,null,true],"b":{}})");
  CHECK(json_text(make_tensor(std::vector<float>{1.0F, 0.1F, 2.5F, -3.0F}, {2, 2})) == "[[1.0,0.1],[2.5,-3.0]]");
  CHECK(json_text(make_tensor(std::vector<std::int8_t>{}, {0, 3})) == "[]");
  CHECK(json_text(make_tensor(std::vector<std::uint64_t>{18446744073709551615ULL}, {})) == "18446744073709551615");
}
