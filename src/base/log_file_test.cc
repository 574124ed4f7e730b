#include "base/log_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/log.h"

using mortise::Log;
using mortise::LogFile;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/mortise-log-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file() const { return path + "/m.log"; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(path + "/" + name).rdbuf();
    return text.str();
  }
  [[nodiscard]] bool has(const std::string& name) const { return std::filesystem::exists(path + "/" + name); }
  std::string path;
};

}  // namespace

TEST_CASE_FIXTURE(Folder, "a full log file is renamed, and only as many old ones are kept as was said") {
  LogFile log(file(), {.bytes = 10, .keep = 2});
  for (const char* line : {"first", "second", "third", "fourth"}) log.write(line);
  CHECK(read("m.log") == "fourth\n");
  CHECK(read("m.log.1") == "third\n");
  CHECK(read("m.log.2") == "second\n");
  CHECK_FALSE(has("m.log.3"));
}

TEST_CASE_FIXTURE(Folder, "a log file without old ones begins anew when it is full") {
  LogFile log(file(), {.bytes = 10, .keep = 0});
  log.write("first");
  log.write("second");
  CHECK(read("m.log") == "second\n");
  CHECK_FALSE(has("m.log.1"));
}

TEST_CASE_FIXTURE(Folder, "a log file that is too old is renamed") {
  LogFile log(file(), {.bytes = 0, .age = std::chrono::seconds(3600), .keep = 1});
  log.write("first");
  log.write("second");
  CHECK(read("m.log") == "first\nsecond\n");
  log.limit({.bytes = 0, .age = std::chrono::seconds(1), .keep = 1});
  while (!has("m.log.1")) {
    log.write("later");
    ::usleep(20'000);
  }
  CHECK(read("m.log.1").starts_with("first\nsecond\n"));
}

TEST_CASE_FIXTURE(Folder, "a log file that another program moved away is begun anew on request") {
  LogFile log(file(), {});
  log.write("before");
  std::filesystem::rename(file(), path + "/moved");
  log.write("still the moved one");
  log.reopen();
  log.write("after");
  CHECK(read("moved") == "before\nstill the moved one\n");
  CHECK(read("m.log") == "after\n");
}

TEST_CASE("a part of the program may have a level of its own, and follows what it belongs to otherwise") {
  std::vector<std::string> lines;
  const Log log(Log::Options{.level = Log::Level::warning,
                             .lines = [&](std::string_view line) { lines.emplace_back(line); },
                             .levels = {{"http", Log::Level::debug}}});
  const Log http = log.named("http");
  const Log plugins = log.named("plugins");
  const Log reader = plugins.named("Input.file");
  CHECK(http.enabled(Log::Level::debug));
  CHECK_FALSE(reader.enabled(Log::Level::info));

  log.set_level("plugins", Log::Level::info);
  CHECK(reader.enabled(Log::Level::info));
  log.set_level("Input.file", Log::Level::error);
  CHECK_FALSE(reader.enabled(Log::Level::warning));
  CHECK(plugins.enabled(Log::Level::info));

  log.set_level("Input.file", std::nullopt);
  log.set_level("plugins", std::nullopt);
  log.set_level(Log::Level::debug);
  CHECK(reader.enabled(Log::Level::debug));
  CHECK(log.levels() == Log::Levels{{"http", Log::Level::debug}});

  reader.with({{"n", 1}}).debug("seen");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("n=1") != std::string::npos);
}

TEST_CASE("levels and format of a log change together when it is configured anew") {
  std::string last;
  const Log log(Log::Options{.lines = [&](std::string_view line) { last = line; }});
  const Log part = log.named("jobs");
  log.configure({.format = Log::Format::json, .level = Log::Level::error, .levels = {{"jobs", Log::Level::debug}}});
  CHECK_FALSE(log.enabled(Log::Level::warning));
  part.debug("now");
  CHECK(last.starts_with("{\"time\""));
  CHECK(last.find("\"level\":\"debug\"") != std::string::npos);
}
