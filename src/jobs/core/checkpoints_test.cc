#include "jobs/core/checkpoints.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/log.h"
#include "data/table.h"
#include "data/value_json.h"
#include "jobs/core/kept_value.h"
#include "jobs/core/run_log.h"
#include "os/file.h"
#include "store/database.h"

using namespace mortise;
using namespace mortise::jobs;

namespace {

class Folder {
 public:
  Folder() : path_(::mkdtemp(name_)) {}
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  char name_[32] = "/tmp/mortise-keep-XXXXXX";
  std::string path_;
};

Value table_of(std::int64_t rows) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(rows));
  std::vector<std::string> texts(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<std::int64_t>(i * i);
    texts[i] = "text " + std::to_string(i);
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  data::TableBuilder builder;
  return builder.add("n", numbers).add("text", views).finish();
}

// Tables are equal when they are the same object; here their content counts.
std::string shown(const Value& value) { return data::to_json(value); }

data::Buffer block_of(const std::string& bytes) {
  return data::copy_of({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

std::string kept(const Value& value) {
  std::string bytes;
  write_kept_value(value, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

struct Fixture {
  Folder folder;
  store::Database database{folder.file("m.db")};
  RunLog runs{database, Log::null()};
  Vault vault{folder.file("key")};
  Checkpoints checkpoints{database, vault, folder.file("runs")};
  std::string run = runs.begin({"pipeline", "p", "", {{"a", "A"}, {"b", "B"}}});

  void end(std::uint32_t step, const Value& outputs) {
    StepEnd end;
    end.index = step;
    end.attempt = 1;
    end.state = "succeeded";
    end.kept = checkpoints.keep(run, step, outputs);
    runs.step_ended(run, end);
  }
};

Code code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return Code{0};
}

}  // namespace

TEST_CASE("every kind of value is kept as it was") {
  const Value value = Value::map({{"null", nullptr},
                                  {"bool", true},
                                  {"int", std::int64_t{9'007'199'254'740'993}},
                                  {"float", 0.1},
                                  {"text", "hüter"},
                                  {"bytes", Value::bytes(std::string(200'000, '\x07'))},
                                  {"time", Time{1'700'000'000'123'456'789}},
                                  {"list", Value::list({1, "two", 3.0})},
                                  {"small", table_of(3)},
                                  {"large", table_of(100'000)}});
  const Value back = read_kept_value(block_of(kept(value)));
  CHECK(shown(back) == shown(value));
  for (const Member& member : value.members()) CHECK(back.at(member.key()).kind() == member.value().kind());
}

TEST_CASE("a kept value that is cut anywhere is refused, never misread") {
  const std::string whole = kept(Value::map({{"t", table_of(20'000)}, {"x", "y"}}));
  for (std::size_t size = 0; size < whole.size(); size += size < 600 ? 1 : 9973) {
    const std::string cut = whole.substr(0, size);
    CHECK_THROWS_AS((void)read_kept_value(block_of(cut)), Error);
  }
}

TEST_CASE("small outputs stand in the database, large ones in a file, and both are found again by a later process") {
  Fixture f;
  f.runs.started(f.run);
  f.runs.step_started(f.run, 0, 1);
  f.runs.step_started(f.run, 1, 1);
  const Value small = Value::map({{"one", 1}}), large = Value::map({{"rows", table_of(300'000)}});
  f.end(0, small);
  f.end(1, large);
  f.database.flush();
  CHECK(std::filesystem::exists(f.folder.file("runs/" + f.run + "/1.out")));
  CHECK_FALSE(std::filesystem::exists(f.folder.file("runs/" + f.run + "/0.out")));
  const Vault again(f.folder.file("key"));
  const Checkpoints later(f.database, again, f.folder.file("runs"));
  CHECK(later.outputs(f.run, 0) == small);
  CHECK(shown(later.outputs(f.run, 1)) == shown(large));
  later.erase_outputs(f.run);
  CHECK(code_of([&] { (void)later.outputs(f.run, 1); }) == Code::not_found);
  CHECK_FALSE(std::filesystem::exists(f.folder.file("runs/" + f.run)));
}

TEST_CASE("an output file that was changed or cut at any place is told, not used") {
  Fixture f;
  f.runs.started(f.run);
  f.runs.step_started(f.run, 1, 1);
  f.end(1, Value::map({{"rows", table_of(200'000)}}));
  f.database.flush();
  const std::string path = f.folder.file("runs/" + f.run + "/1.out");
  const std::string whole = os::read_file(path, 64U << 20U);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{13}, std::size_t{5000}, whole.size() / 2, whole.size() - 1}) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    os::write_file(path, changed);
    CHECK(code_of([&] { (void)f.checkpoints.outputs(f.run, 1); }) == Code::invalid);
    os::write_file(path, whole.substr(0, at));
    CHECK(code_of([&] { (void)f.checkpoints.outputs(f.run, 1); }) == Code::invalid);
  }
  std::filesystem::remove(path);
  CHECK(code_of([&] { (void)f.checkpoints.outputs(f.run, 1); }) == Code::not_found);
  os::write_file(path, whole);
  CHECK(shown(f.checkpoints.outputs(f.run, 1).at("rows")) == shown(table_of(200'000)));
}

TEST_CASE("what is sealed tells nothing, opens with its key and for its purpose alone") {
  const Folder folder;
  const Vault vault(folder.file("key")), other(folder.file("other"));
  const std::string sealed = vault.seal("the token is hunter2", "run_1/0");
  CHECK(sealed.find("hunter2") == std::string::npos);
  CHECK(vault.seal("the token is hunter2", "run_1/0") != sealed);
  CHECK(vault.open(sealed, "run_1/0") == "the token is hunter2");
  CHECK(code_of([&] { (void)vault.open(sealed, "run_2/0"); }) == Code::invalid);
  CHECK(code_of([&] { (void)other.open(sealed, "run_1/0"); }) == Code::invalid);
  CHECK(code_of([&] { (void)vault.open(sealed.substr(1), "run_1/0"); }) == Code::invalid);
  CHECK((std::filesystem::status(folder.file("key")).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::ofstream(folder.file("odd")) << "short";
  CHECK(code_of([&] { const Vault odd(folder.file("odd")); }) == Code::invalid);
}
