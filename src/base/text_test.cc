#include <doctest/doctest.h>

#include <limits>

#include "base/config_units.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/redact.h"
#include "base/suggest.h"
#include "base/utf8.h"

using mortise::Code;
using mortise::Error;
using mortise::Value;
using namespace std::chrono_literals;

TEST_CASE("UTF-8 is checked to the letter") {
  for (const char* good :
       {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) {
    CHECK(mortise::find_invalid_utf8(good) == std::string_view::npos);
  }
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "\xC3"}) {
    CAPTURE(std::string(bad));
    CHECK(mortise::find_invalid_utf8(bad) == 0);
  }
  CHECK(mortise::find_invalid_utf8("ab\xC3\xA9\xFFz") == 4);
  CHECK(mortise::utf8_prefix("a\xE2\x82\xAC", 3) == "a");
  CHECK(mortise::utf8_prefix("a\xE2\x82\xAC", 4) == "a\xE2\x82\xAC");
  std::string text;
  for (const std::uint32_t code : {0x41U, 0xE9U, 0x20ACU, 0x1F600U}) mortise::append_utf8(text, code);
  CHECK(text == "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST_CASE("values are shown as JSON, leaves by their size") {
  std::string text;
  mortise::append_json(text, Value::map({{"a", Value::list({1, 2.0, 0.1, nullptr, true})},
                                         {"b", Value::bytes("xyz")},
                                         {"t", mortise::Time{0}},
                                         {"n", -std::numeric_limits<double>::infinity()}}));
  CHECK(text == R"({"a":[1,2.0,0.1,null,true],"b":"<3 bytes>","t":"1970-01-01T00:00:00Z","n":"-Infinity"})");
}

TEST_CASE("the nearest word is suggested, a far one is not") {
  CHECK(mortise::nearest("timeot", {"path", "timeout"}) == "timeout");
  CHECK(mortise::nearest("Timeout", {"timeout"}) == "timeout");
  CHECK(mortise::nearest("ouptut", {"input", "output"}) == "output");
  CHECK(mortise::nearest("x", {"y"}) == std::nullopt);
  CHECK(mortise::nearest("colour", {"timeout", "path"}) == std::nullopt);
  CHECK(mortise::nearest(std::string(1'000'000, 'a'), {"a"}) == std::nullopt);
}

TEST_CASE("a longer secret is hidden before a shorter one within it, and keys are cleaned too") {
  mortise::Redactor redactor;
  CHECK(redactor.clean(std::string_view("nothing")) == "nothing");
  redactor.add("secret");
  redactor.add("secret-and-more");
  CHECK(redactor.clean(std::string_view("a secret-and-more, a secret")) == "a [redacted], a [redacted]");
  const Value cleaned = redactor.clean(Value::map({{"secret", Value::list({"my secret", 7})}}));
  CHECK(cleaned == Value::map({{"[redacted]", Value::list({"my [redacted]", 7})}}));
  const Error error = redactor.clean(
      Error(Code::denied, "no secret", "secret?").with("got", "secret").because(Error(Code::plugin, "secret")));
  CHECK(std::string(error.what()) == "no [redacted]");
  CHECK(error.code() == Code::denied);
  CHECK(error.hint() == "[redacted]?");
  CHECK(error.detail("got") == "[redacted]");
  CHECK(std::string(error.cause()->what()) == "[redacted]");
}

TEST_CASE("a mask does not feed on itself") {
  mortise::Redactor redactor;
  redactor.add("redacted");
  CHECK(redactor.clean(std::string_view("redacted")) == "[redacted]");
}

TEST_CASE("durations and sizes") {
  using mortise::config::parse_duration;
  using mortise::config::parse_size;
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("10us") == 10us);
  CHECK(parse_duration("2d") == 48h);
  for (const char* bad : {"", "s", "5", "-1s", "1 s", "1x", "1e3s", "999999d999999d", "nan"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_duration(bad));
  }
  CHECK(parse_size("512 MiB") == 512U << 20U);
  CHECK(parse_size("1.5KiB") == 1536U);
  CHECK(parse_size("2GB") == 2'000'000'000U);
  CHECK(parse_size("100") == 100U);
  for (const char* bad : {"", "MiB", "-1", "1 XB", "99999999999 TiB", "1M"}) {
    CAPTURE(std::string(bad));
    CHECK_FALSE(parse_size(bad));
  }
}

TEST_CASE("an error says where it was found") {
  CHECK(mortise::location_of(Error(Code::invalid, "m")).empty());
  CHECK(mortise::location_of(Error(Code::invalid, "m").with("file", "a.yaml")) == "a.yaml");
  CHECK(mortise::location_of(Error(Code::invalid, "m").with("file", "a.yaml").with("line", "7").with("column", "2")) ==
        "a.yaml:7:2");
}
