#include <doctest/doctest.h>

#include <random>

#include "base/config_tree.h"

using mortise::Error;
using mortise::Node;
using mortise::parse_json_config;
using mortise::parse_toml;
using mortise::to_value;
using mortise::Value;

namespace {

template <typename Parse>
Error refusal_of(Parse parse, const std::string& text) {
  try {
    (void)parse(text, "f");
  } catch (const Error& error) {
    CHECK(error.code() == mortise::Code::invalid);
    return error;
  }
  return Error(mortise::Code::internal, "accepted");
}

std::string repeat(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

bool has(const Error& error, const char* part) { return std::string(error.what()).find(part) != std::string::npos; }

}  // namespace

TEST_CASE("JSON is read with exact integers and places") {
  const Node root = parse_json_config(
      "{\"a\": [9223372036854775807, -9223372036854775808, 1.0, 1e2, -0],\n \"b\": {\"c\": "
      "\"\\u00e9\\ud83d\\ude00\\n\"}}",
      "f");
  CHECK(root.at("a").items()[0].as_int64() == INT64_MAX);
  CHECK(root.at("a").items()[1].as_int64() == INT64_MIN);
  CHECK(root.at("a").items()[2].is(Node::Kind::number));
  CHECK(root.at("a").items()[3].as_float64() == 100.0);
  CHECK(root.at("b").at("c").as_string() == "\xC3\xA9\xF0\x9F\x98\x80\n");
  CHECK(root.at("b").at("c").line() == 2);
  CHECK(root.at("b").at("c").column() == 13);
  CHECK(to_value(parse_json_config(" [true, false, null, \"\", {}, []] ", "f")) ==
        Value::list({true, false, nullptr, "", Value::map(), Value::list()}));
}

TEST_CASE("JSON that is not RFC 8259 is refused where it breaks") {
  const auto is = [](const char* text, const char* part, const char* line, const char* column) {
    const Error error = refusal_of(parse_json_config, text);
    CAPTURE(std::string(text));
    CAPTURE(std::string(error.what()));
    CHECK(has(error, part));
    CHECK(error.detail("line") == line);
    CHECK(error.detail("column") == column);
  };
  is("", "expected a value, got the end of the file", "1", "1");
  is("{\"a\": 1,}", "expected a key in double quotes, got '}'", "1", "9");
  is("[1,\n 2,]", "expected a value, got ']'", "2", "4");
  is("[1 2]", "expected ',' or ']' after an item, got '2'", "1", "4");
  is("{\"a\" 1}", "expected ':' after the key, got '1'", "1", "6");
  is("{\"a\": 1 \"b\": 2}", "expected ',' or '}' after a member", "1", "9");
  is("{a: 1}", "expected a key in double quotes, got 'a'", "1", "2");
  is("{'a': 1}", "expected a key in double quotes", "1", "2");
  is("[01]", "a number begins with 0", "1", "2");
  is("[1.]", "a number has no digits after its point", "1", "2");
  is("[1e]", "a number has no digits in its exponent", "1", "2");
  is("[-]", "a number has no digits", "1", "2");
  is("[+1]", "expected a value", "1", "2");
  is("[.5]", "expected a value", "1", "2");
  is("[NaN]", "expected a value", "1", "2");
  is("[True]", "expected a value", "1", "2");
  is("// c\n{}", "expected a value", "1", "1");
  is("{} {}", "expected the end of the file after the value", "1", "4");
  is("[\"a\nb\"]", "a string goes over the end of its line", "1", "4");
  is("[\"a", "the string that begins here is never closed", "1", "2");
  is("[\"\\x\"]", "an unknown escape in a string", "1", "3");
  is("[\"\\u12\"]", "\\u needs four hexadecimal digits", "1", "3");
  is("[\"\\u12g4\"]", "\\u needs four hexadecimal digits", "1", "3");
  is("[\"\\ud800\"]", "", "1", "9");
  is("[\"\\udc00\"]", "half of a surrogate pair", "1", "3");
  is("[9223372036854775808]", "does not fit into 64 bits", "1", "2");
  is("{\"a\": {\"b\": 1, \"b\": 2}}", "a.b: duplicate key; it is already there in line 1", "1", "16");
}

TEST_CASE("JSON nests 128 levels and not one more") {
  CHECK_NOTHROW((void)parse_json_config(repeat("[", 127) + "1" + repeat("]", 127), "f"));
  CHECK(has(refusal_of(parse_json_config, repeat("[", 128) + "1" + repeat("]", 128)), "nested deeper than 128 levels"));
  CHECK(has(refusal_of(parse_json_config, repeat("{\"a\":", 100'000)), "nested deeper than 128 levels"));
}

TEST_CASE("a map of many keys is read in time") {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"key" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  text.back() = '}';
  CHECK(to_value(parse_json_config(text, "f")).size() == 200'000);
}

TEST_CASE("TOML is read with places, in the order of the file") {
  const Node root = parse_toml(R"(title = "x"
[server]
port = 8080
ratio = 0.5
big = 9223372036854775807
when = 2024-01-31T12:34:56.5+01:00
day = 2024-01-31
clock = 12:34:56
on = true
dotted.key = [1, {inline = 2}]
[[steps]]
name = 'a'
[[steps]]
name = 'b'
)",
                               "c.toml");
  const Node server = root.at("server");
  CHECK(server.at("port").as_int64() == 8080);
  CHECK(server.at("port").line() == 3);
  CHECK(server.at("port").column() == 8);
  CHECK(server.at("big").as_int64() == INT64_MAX);
  CHECK(server.at("when").as_string() == "2024-01-31T12:34:56.5+01:00");
  CHECK(server.at("day").as_string() == "2024-01-31");
  CHECK(server.at("clock").as_string() == "12:34:56");
  CHECK(server.at("dotted").at("key").items()[1].at("inline").path() == "server.dotted.key[1].inline");
  CHECK(root.at("steps").items()[1].at("name").as_string() == "b");
  CHECK(root.members()[0].first == "title");
  CHECK(server.members()[0].first == "port");
  try {
    (void)server.at("ratio").as_int64();
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "server.ratio: expected an integer, got 0.5");
    CHECK(error.detail("line") == "4");
  }
}

TEST_CASE("broken TOML is refused with its line") {
  for (const char* text :
       {"a = 1\nb = \n", "a = 1\na = 2\n", "x = 1\n[a\n", "c = 0\na = 99999999999999999999\n", "a = 1\nb 2\n"}) {
    const Error error = refusal_of(parse_toml, text);
    CAPTURE(std::string(error.what()));
    CHECK(has(error, "not valid TOML: "));
    CHECK(error.detail("line") == "2");
  }
}

TEST_CASE("deep TOML is refused before it can do harm") {
  CHECK_NOTHROW((void)parse_toml("a" + repeat(".a", 100) + " = 1\n", "f"));
  CHECK_NOTHROW((void)parse_toml("x = [1.5, 2.5, \"a.b.c\"] # a.b.c.d\n", "f"));
  for (const std::string& text :
       {"a" + repeat(".a", 300'000) + " = 1\n", "[a" + repeat(".a", 300'000) + "]\n", "x = " + repeat("[", 100'000),
        "x = " + repeat("{a=", 100'000), "x = " + repeat("{a.b.c.d=", 40) + "1" + repeat("}", 40) + "\n",
        "s = '''x'''''\na" + repeat(".a", 200) + " = 1\n", "s = \"\\\"\"\na" + repeat(".a", 200) + " = 1\n"}) {
    CHECK(has(refusal_of(parse_toml, text), "nested deeper than 128 levels"));
  }
}

TEST_CASE("no mutation of JSON or TOML brings a parser down") {
  const std::string seeds[] = {
      R"({"a": [1, 2.5e3, "x\u00e9"], "b": {"c": null, "d": true}})",
      "a = 1\n[b.c]\nd = [1, {e = 'x'}]\nf = \"\"\"y\"\"\"\ng = 2024-01-31\n[[h]]\ni.j = 0x1F\n"};
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same cases on every run
  const std::string alphabet = "a\"'[]{},:=.#\\u019-+eE \n\t";
  for (int round = 0; round < 6'000; ++round) {
    std::string text = seeds[round % 2];
    for (int edit = 0; edit < 1 + round % 5; ++edit) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = alphabet[random() % alphabet.size()];
      } else {
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    try {
      (void)to_value(round % 2 == 0 ? parse_json_config(text, "f") : parse_toml(text, "f"));
    } catch (const Error& error) {
      REQUIRE(error.code() == mortise::Code::invalid);
    }
  }
}
