#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <random>

#include "base/config_tree.h"

using mortise::Error;
using mortise::Node;
using mortise::parse_yaml;
using mortise::to_value;
using mortise::Value;

namespace {

struct Refusal {
  std::string message;
  std::string line;
  std::string column;
};

Refusal refusal_of(const std::string& text) {
  try {
    (void)parse_yaml(text, "p.yaml");
  } catch (const Error& error) {
    CHECK(error.code() == mortise::Code::invalid);
    CHECK(error.detail("file") == "p.yaml");
    return {error.what(), std::string(error.detail("line")), std::string(error.detail("column"))};
  }
  return {"accepted", "", ""};
}

std::string repeat(const std::string& text, std::size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

// Of the processor, so that a busy machine does not count.
template <typename Action>
std::chrono::milliseconds time_of(Action action) {
  const auto used = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  };
  const auto start = used();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(used() - start);
}

}  // namespace

TEST_CASE("plain YAML scalars have the types of the core schema of 1.2") {
  const auto kind = [](const char* text) { return parse_yaml(std::string("k: ") + text, "f").at("k").kind(); };
  for (const char* text : {"true", "True", "TRUE", "false"}) CHECK(kind(text) == Node::Kind::boolean);
  for (const char* text : {"", "~", "null", "Null", "NULL"}) CHECK(kind(text) == Node::Kind::null);
  for (const char* text : {"0", "-7", "+5", "007", "0x1F", "0o17", "9223372036854775807", "-9223372036854775808"}) {
    CHECK(kind(text) == Node::Kind::integer);
  }
  for (const char* text : {"1.5", ".5", "1.", "-1e3", "1E+2", ".inf", "-.INF", ".nan"})
    CHECK(kind(text) == Node::Kind::number);
  for (const char* text : {"yes", "no",  "on",  "off",  "y",     "tRUE",     "nULL",       "0b1",    "1_000",
                           "0x",  "1e",  ".",   "+",    "1.2.3", "12:30:45", "2024-01-31", "'true'", "\"1\"",
                           "nan", "inf", "0o8", "1e5x", "'~'",   "! 5",      "!!str 5"}) {
    CAPTURE(std::string(text));
    CHECK(kind(text) == Node::Kind::string);
  }
  const Node values = parse_yaml("[0x1F, 0o17, -0x, 9223372036854775807, -.inf, .nan, 007]", "f");
  CHECK(values.items()[0].as_int64() == 31);
  CHECK(values.items()[1].as_int64() == 15);
  CHECK(values.items()[3].as_int64() == INT64_MAX);
  CHECK(std::isinf(values.items()[4].as_float64()));
  CHECK(std::isnan(values.items()[5].as_float64()));
  CHECK(values.items()[6].as_int64() == 7);
}

TEST_CASE("YAML nodes know where they were written") {
  const Node root = parse_yaml("# first\na:\n  - b: x\n    c: [1, \xC3\xA9, z]\n", "f");
  const Node item = root.at("a").items()[0];
  CHECK(item.line() == 3);
  CHECK(item.at("b").column() == 8);
  CHECK(item.at("c").items()[2].line() == 4);
  CHECK(item.at("c").items()[2].column() == 15);
  CHECK(item.at("c").items()[2].path() == "a[0].c[2]");
  CHECK(root.file() == "f");
}

TEST_CASE("a number beyond 64 bits is an error in YAML, not a rounded number") {
  CHECK(refusal_of("id: 9223372036854775808\n").message ==
        "id: the number 9223372036854775808 does not fit into an integer of 64 bits");
  CHECK(refusal_of("id: 0xFFFFFFFFFFFFFFFFF\n").line == "1");
  CHECK(refusal_of("x: 1e999\n").message.find("does not fit into a float of 64 bits") != std::string::npos);
}

TEST_CASE("duplicate keys are refused in YAML with both lines") {
  const Refusal refusal = refusal_of("a:\n  name: x\n  other: 1\n  name: y\n");
  CHECK(refusal.message == "a.name: duplicate key; it is already there in line 2");
  CHECK(refusal.line == "4");
  CHECK(refusal_of("{a: 1, 'a': 2}").message.find("duplicate key") != std::string::npos);
  CHECK(refusal_of("1: a\n\"1\": b\n").message.find("duplicate key") != std::string::npos);
}

TEST_CASE("broken YAML is explained at its line") {
  const auto is = [](const char* text, const char* line, const char* part) {
    const Refusal refusal = refusal_of(text);
    CAPTURE(std::string(text));
    CAPTURE(refusal.message);
    CHECK(refusal.line == line);
    CHECK(refusal.message.find(part) != std::string::npos);
  };
  is("// pipeline.yaml\na: [\n", "3", "not valid YAML");
  is("a:\n\tb: 1\n", "2", "the line is indented with a tab");
  is("a: 1\n\tb: 2\n", "2", "the line is indented with a tab");
  is("a:\n  \tb: 1\n", "2", "the line is indented with a tab");
  is("a: 1\n b: 2\n", "2", "a ':' stands where no value can begin");
  is("a: b: c\n", "1", "a ':' stands where no value can begin");
  is("a: [1, 2\nb: 3\n", "2", "the '[' of line 1 is not closed");
  is("x: 1\na: {x: 1\n", "3", "the '{' of line 2 is not closed");
  is("a: \"abc\n", "1", "the quoted text that begins here is never closed");
  is("a: \"\\\"\n", "1", "the quoted text that begins here is never closed");
  is("a: 'abc\nb: c", "2", "a quoted text is never closed");
  is("a: @x\n", "1", "'@' cannot begin a value");
  is("a: `x`\n", "1", "'`' cannot begin a value");
  is("a: 'x' y\n", "1", "'y' does not continue what the lines above began");
  is("a:\n  - b\n c\n", "3", "does not continue what the lines above began");
  is("a: 1\nkey\n", "2", "");
  is("a:\n - 1\nkey\n", "3", "a ':' is missing after 'key'");
  is("- a\nb: c\n", "2", "the document ended before this line");
  is("a: 1\n---\nb: 2\n", "2", "a second document begins here");
  is("a: *nope\n", "1", "the referenced anchor is not defined");
  is("a: !secret x\n", "1", "the tag '!secret' is not known here");
  is("a: !!binary aGk=\n", "1", "the tag 'tag:yaml.org,2002:binary' is not known here");
  is("a: !!python/object:os.system {}\n", "1", "is not known here");
  is("a: !!int x\n", "1", "the tag !!int does not fit \"x\"");
  is("? [a]\n: 1\n", "1", "a list or a map stands where a key should");
  is("~: 1\n", "1", "a key is null");
  is("a: \"\\q\"\n", "1", "unknown escape character");
  is("a: &a [*a]\n", "1", "a: the alias stands for a value that contains it");
  is("a: x\xFF\n", "1", "the text is not UTF-8");
  is("b: 1\na: x\x01\n", "2", "the text has the control character U+0001");
}

TEST_CASE("lines of // at the top are comments, as people write them; below they are not") {
  const Node read = parse_yaml("\n // one\n# two\n  // three\na: //b\nc: 1\n", "f");
  CHECK(to_value(read) == Value::map({{"a", "//b"}, {"c", 1}}));
  CHECK(read.at("c").line() == 6);
  CHECK(to_value(parse_yaml("//", "f")).is_null());
  CHECK_FALSE(refusal_of("a: 1\n// b\n").message.empty());
}

TEST_CASE("what is odd but YAML is read") {
  CHECK(to_value(parse_yaml("", "f")).is_null());
  CHECK(to_value(parse_yaml("# only a comment\n", "f")).is_null());
  CHECK(to_value(parse_yaml("\xEF\xBB\xBF---\na: 1\r\nb: \"x\r\n\r\n  y\"\r\n...\n", "f")) ==
        Value::map({{"a", 1}, {"b", "x\ny"}}));
  CHECK(to_value(parse_yaml("a:\n- 1\n-\n- 3\nb:", "f")) ==
        Value::map({{"a", Value::list({1, nullptr, 3})}, {"b", nullptr}}));
  CHECK(to_value(parse_yaml("? m\n: n\n", "f")) == Value::map({{"m", "n"}}));
  CHECK(to_value(parse_yaml("a: {b, c: 1}\n", "f")) == Value::map({{"a", Value::map({{"b", nullptr}, {"c", 1}})}}));
  CHECK(to_value(parse_yaml("t: |\n  a\n  \tb\ns: >-\n  x\n  y\n", "f")) ==
        Value::map({{"t", "a\n\tb\n"}, {"s", "x y"}}));
  CHECK(to_value(parse_yaml("a: \"x\" # c\n", "f")) == Value::map({{"a", "x"}}));
}

TEST_CASE("anchors, aliases and merge keys") {
  const Node root = parse_yaml(R"(
base: &base {timeout: 5, retries: 2}
more: &more {retries: 9, extra: 1}
one: {<<: *base, timeout: 7}
two:
  <<: [*base, *more]
  own: x
copy: *base
literal: {"<<": 1}
)",
                               "f");
  CHECK(to_value(root.at("one")) == Value::map({{"timeout", 7}, {"retries", 2}}));
  CHECK(to_value(root.at("two")) == Value::map({{"own", "x"}, {"timeout", 5}, {"retries", 2}, {"extra", 1}}));
  CHECK(root.at("copy").at("timeout").path() == "copy.timeout");
  CHECK(root.at("copy").at("timeout").line() == 2);
  CHECK(root.at("one").at("retries").path() == "one.retries");
  CHECK(root.at("literal").at("<<").as_int64() == 1);
  CHECK(refusal_of("a: {<<: 1}\n").message == "a: '<<' takes a map or a list of maps");
}

TEST_CASE("alias bombs end in an error within milliseconds") {
  std::string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string last = "*a" + std::to_string(i - 1);
    laughs.append(name)
        .append(": &")
        .append(name)
        .append(" [")
        .append(repeat(last + ", ", 9))
        .append(last)
        .append("]\n");
  }
  Refusal refusal;
  CHECK(time_of([&] { refusal = refusal_of(laughs); }) < std::chrono::milliseconds(1'000));
  CHECK(refusal.message.find("the aliases expand to more than 100000 values or 16 MiB") != std::string::npos);

  const std::string big = "a: &a " + std::string(450'000, 'x') + "\nb: [" + repeat("*a, ", 5'000) + "*a]\n";
  CHECK(time_of([&] { refusal = refusal_of(big); }) < std::chrono::milliseconds(2'000));
  CHECK(refusal.message.find("the aliases expand to more than") != std::string::npos);

  std::string merges = "a0: &a0 {k: 1}\n";
  for (int i = 1; i < 60; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string last = "*a" + std::to_string(i - 1);
    merges.append(name).append(": &").append(name).append(" {x: ").append(last).append(", y: ").append(last).append(
        "}\n");
  }
  CHECK(time_of([&] { refusal = refusal_of(merges); }) < std::chrono::milliseconds(1'000));
  CHECK(refusal.message.find("the aliases expand to more than") != std::string::npos);
}

TEST_CASE("aliases cannot nest deeper than text can") {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 140; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  CHECK(refusal_of(text).message.find("nested deeper than 128 levels by aliases") != std::string::npos);
}

TEST_CASE("YAML nests 128 levels and not one more, in every style") {
  CHECK_NOTHROW((void)parse_yaml(repeat("[", 127) + "1" + repeat("]", 127), "f"));
  CHECK_NOTHROW((void)parse_yaml(repeat("[", 128) + repeat("]", 128), "f"));
  CHECK(refusal_of(repeat("[", 128) + "1" + repeat("]", 128)).message.find("nested deeper than 128 levels") !=
        std::string::npos);
  CHECK(refusal_of(repeat("[", 100'000) + repeat("]", 100'000)).message.find("nested deeper than 128 levels") !=
        std::string::npos);
  CHECK(refusal_of("a: " + repeat("{a: ", 100'000) + repeat("}", 100'000))
            .message.find("nested deeper than 128 levels") != std::string::npos);
  CHECK(refusal_of(repeat("[", 100'000)).message != "accepted");
  CHECK(refusal_of(repeat("{a: ", 100'000)).message != "accepted");
  CHECK(refusal_of(repeat("- ", 100'000) + "x").message.find("nested deeper than 128 levels") != std::string::npos);
  CHECK(refusal_of(repeat("? ", 100'000) + "x").message != "accepted");
  std::string block;
  for (std::size_t i = 0; i < 3'000; ++i) block += std::string(i, ' ') + "a:\n";
  CHECK(refusal_of(block).message.find("nested deeper than 128 levels") != std::string::npos);
}

TEST_CASE("too much YAML is refused") {
  CHECK(refusal_of(std::string((16U << 20U) + 1, '#')).message.find("a configuration has at most 16777216") !=
        std::string::npos);
  const Refusal endless = refusal_of("a: 1\nb:\n- " + repeat(repeat("[", 1'000) + "\n", 10'000));
  CHECK(endless.message.find("is longer than 524288 bytes") != std::string::npos);
  CHECK(endless.line == "3");
  CHECK(refusal_of("a: " + std::string(600'000, 'x')).message.find("is longer than 524288 bytes") != std::string::npos);
  CHECK_NOTHROW((void)parse_yaml("a: " + std::string(500'000, 'x'), "f"));
  CHECK(refusal_of(repeat("- 1\n", 1'000'001)).message.find("more than 1000000 values in one file") !=
        std::string::npos);
}

TEST_CASE("no mutation of YAML brings the parser down") {
  const std::string seed =
      "a: &x {b: [1, 'two', \"three\"], c: |\n  text\n  more\n}\nd:\n  - *x\n  - <<: *x\n    k: ~\n? e\n: !!str f\n";
  std::mt19937 random(20240131);  // NOLINT(cert-msc51-cpp): the same cases on every run
  const std::string alphabet = "abc:-?[]{},&*#!|>'\"%@`\\ \n\t0123.~<";
  for (int round = 0; round < 3'000; ++round) {
    std::string text = seed;
    for (int edit = 0; edit < 1 + round % 6; ++edit) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = alphabet[random() % alphabet.size()]; break;
        case 1: text.erase(at, 1 + random() % 5); break;
        default: text.insert(at, 1 + random() % 4, alphabet[random() % alphabet.size()]); break;
      }
      if (text.empty()) text = "a";
    }
    try {
      (void)to_value(parse_yaml(text, "f"));
    } catch (const Error& error) {
      REQUIRE(error.code() == mortise::Code::invalid);
    }
  }
}
