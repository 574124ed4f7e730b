#include "base/log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/config_tree.h"
#include "base/redact.h"

using mortise::Code;
using mortise::Error;
using mortise::Log;
using mortise::Node;
using mortise::Value;

namespace {

struct Captured {
  std::vector<std::string> lines;
  Log log;
  explicit Captured(Log::Format format, Log::Level level = Log::Level::info)
      : log(Log::Options{format, level, {}, 0, 0, [this](std::string_view line) { lines.emplace_back(line); }}) {}
};

}  // namespace

TEST_CASE("a text record is a time, a level, a message and fields") {
  Captured captured(Log::Format::text);
  captured.log.info("step finished",
                    {{"plugin", "Input.file"}, {"rows", 12}, {"note", "two words"}, {"empty", ""}, {"ok", true}});
  REQUIRE(captured.lines.size() == 1);
  const std::string& line = captured.lines[0];
  CHECK(mortise::parse_rfc3339(line.substr(0, 24)));
  CHECK(line.substr(25) == R"(info    step finished plugin=Input.file rows=12 note="two words" empty="" ok=true)");
}

TEST_CASE("a JSON record keeps the types of its fields") {
  Captured captured(Log::Format::json);
  const Value nested = Value::map({{"list", Value::list({1, 2.5, nullptr})}});
  captured.log.info("m", {{"data_size", std::size_t{12}},
                          {"ratio", 2.0},
                          {"ok", false},
                          {"name", std::string("x\"y")},
                          {"nested", nested},
                          {"message", 1}});
  const Node record = mortise::parse_json_config(captured.lines.at(0), "line");
  CHECK(record.at("data_size").as_int64() == 12);
  CHECK(record.at("ratio").is(Node::Kind::number));
  CHECK_FALSE(record.at("ok").as_bool());
  CHECK(record.at("name").as_string() == "x\"y");
  CHECK(record.at("nested").at("list").items()[1].as_float64() == 2.5);
  CHECK(record.at("message").as_string() == "m");
  CHECK(record.at("message_").as_int64() == 1);
  CHECK(record.at("level").as_string() == "info");
  captured.log.info("m", {{"big", std::uint64_t{18446744073709551615U}}});
  CHECK(captured.lines.at(1).find("\"big\":18446744073709551615}") != std::string::npos);
}

TEST_CASE("a record stays one line and valid text whatever is in it") {
  Captured text(Log::Format::text);
  text.log.info("a\nb\x1b[31m\xff \"q\" \\n", {{"k\n", "v\r\nw"}});
  REQUIRE(text.lines.size() == 1);
  CHECK(text.lines[0].substr(33) == "a\\nb\\u001b[31m\xEF\xBF\xBD \"q\" \\n k\\n=\"v\\r\\nw\"");
  Captured json(Log::Format::json);
  json.log.info("a\nb\xff");
  CHECK(mortise::parse_json_config(json.lines.at(0), "line").at("message").as_string() == "a\nb\xEF\xBF\xBD");
}

TEST_CASE("the level can be changed while the log is in use, for all its handles") {
  Captured captured(Log::Format::text, Log::Level::warning);
  const Log handle = captured.log.with({{"plugin", "p"}});
  handle.debug("not seen");
  CHECK_FALSE(handle.enabled(Log::Level::info));
  captured.log.set_level(Log::Level::debug);
  handle.debug("seen");
  REQUIRE(captured.lines.size() == 1);
  CHECK(captured.lines[0].find("seen plugin=p") != std::string::npos);
  CHECK(mortise::level_named("warn") == Log::Level::warning);
  CHECK_FALSE(mortise::level_named("loud"));
}

TEST_CASE("bound fields come first and do not leak into the parent") {
  Captured captured(Log::Format::text);
  const Log step = captured.log.with({{"run", "r1"}}).with({{"step", "read"}});
  step.info("done", {{"rows", 3}});
  captured.log.info("bare");
  CHECK(captured.lines.at(0).substr(33) == "done run=r1 step=read rows=3");
  CHECK(captured.lines.at(1).substr(33) == "bare");
}

TEST_CASE("secrets are masked in messages, fields, nested values and errors") {
  Captured captured(Log::Format::json);
  captured.log.redact("s3cr3t-key");
  captured.log.redact("line one of a key\nline two of a key");
  captured.log.redact("quo\"ted");
  captured.log.redact("abc");  // too short to hide
  captured.log.info("using s3cr3t-key abc", {{"header", "Bearer s3cr3t-key"}, {"json", R"({"k":"quo\"ted"})"}});
  captured.log.write(Log::Level::info, "m", Value::map({{"deep", Value::list({"x s3cr3t-key y"})}}));
  captured.log.info("line two of a key");
  captured.log.failure(
      "failed", Error(Code::plugin, "bad s3cr3t-key", "not s3cr3t-key").because(Error(Code::plugin, "quo\"ted")));
  for (const std::string& line : captured.lines) {
    CAPTURE(line);
    CHECK(line.find("s3cr3t") == std::string::npos);
    CHECK(line.find("quo") == std::string::npos);
    CHECK(line.find("[redacted]") != std::string::npos);
  }
  CHECK(captured.lines[0].find("[redacted] abc") != std::string::npos);
}

TEST_CASE("a failure is logged at the level of its code with everything that helps") {
  Captured captured(Log::Format::json, Log::Level::debug);
  captured.log.failure("step failed",
                       Error(Code::invalid, "bad", "fix it").with("key", "a.b").because(Error(Code::plugin, "inner")));
  captured.log.failure("gone", Error(Code::plugin, "crashed"));
  const Node first = mortise::parse_json_config(captured.lines.at(0), "line");
  CHECK(first.at("level").as_string() == "warning");
  CHECK(first.at("error").as_string() == "bad: inner");
  CHECK(first.at("code").as_string() == "invalid");
  CHECK(first.at("hint").as_string() == "fix it");
  CHECK(first.at("key").as_string() == "a.b");
  CHECK(mortise::parse_json_config(captured.lines.at(1), "line").at("level").as_string() == "error");
}

TEST_CASE("a very long string is cut, with its size") {
  Captured captured(Log::Format::text);
  captured.log.info(std::string(1'000'000, 'x'), {{"field", std::string(1'000'000, 'y')}});
  CHECK(captured.lines.at(0).size() < 140'000);
  CHECK(captured.lines.at(0).find("... (1000000 bytes)") != std::string::npos);
}

TEST_CASE("records of many threads stay whole") {
  Captured captured(Log::Format::json);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&captured, t] {
      for (int i = 0; i < 500; ++i) captured.log.info("record", {{"thread", t}, {"i", i}});
    });
  }
  for (int i = 0; i < 100; ++i) {
    captured.log.set_level(Log::Level::info);
    captured.log.redact("secret-number-" + std::to_string(i));
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(captured.lines.size() == 2'000);
  for (const std::string& line : captured.lines) CHECK_NOTHROW((void)mortise::parse_json_config(line, "line"));
}

TEST_CASE("a log file turns over when it is full, and a full disk does not stop the program") {
  char name[] = "/tmp/mortise-log-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  {
    const Log log(Log::Options{Log::Format::text, Log::Level::info, folder / "m.log", 2'000, 2, {}});
    for (int i = 0; i < 100; ++i) log.info("a record of some length", {{"i", i}});
    CHECK(std::filesystem::exists(folder / "m.log.1"));
    CHECK(std::filesystem::exists(folder / "m.log.2"));
    CHECK_FALSE(std::filesystem::exists(folder / "m.3.log"));
    CHECK(std::filesystem::file_size(folder / "m.log") <= 2'000);
  }
  CHECK_THROWS_AS(Log(Log::Options{Log::Format::text, Log::Level::info, "/proc/no/such.log", 2'000, 2, {}}), Error);
  const Log full(Log::Options{Log::Format::text, Log::Level::info, "/dev/full", 1'000'000, 0, {}});
  CHECK_NOTHROW(full.info("nowhere to go"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("a null log takes everything") {
  const Log log = Log::null();
  CHECK_FALSE(log.enabled(Log::Level::error));
  CHECK_NOTHROW(log.error("x", {{"a", 1}}));
}
