#include "http/pipeline_catalog.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "os/file.h"

using namespace mortise;
using namespace mortise::http;

namespace {

std::string pipeline(const std::string& name) {
  return R"({"name": ")" + name +
         R"(", "steps": [{"name": "A", "plugin": "Input.file", "config": {"path": "${HOME}/x"}}]})";
}

struct Folders {
  Folders()
      : root(os::make_temporary_directory("/tmp/mortise-catalog-")), catalog({root + "/flows"}, root + "/registered") {
    std::filesystem::create_directories(root + "/flows/daily");
  }
  ~Folders() { std::filesystem::remove_all(root); }
  void write(const std::string& name, const std::string& text) const { os::write_file(root + "/flows/" + name, text); }
  [[nodiscard]] std::vector<std::string> ids() const {
    std::vector<std::string> all;
    for (const auto& entry : catalog.list()) all.push_back(entry.id);
    return all;
  }
  std::string root;
  PipelineCatalog catalog;
};

Code refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("it was done");
  return Code::internal;
}

}  // namespace

TEST_CASE_FIXTURE(Folders, "files are listed by their path, and the pipelines of one file by their names") {
  write("one.json", pipeline("One"));
  write("daily/two.yaml", R"({"pipelines": [)" + pipeline("A") + "," + pipeline("B") + "]}");
  write("notes.txt", "nothing");
  write(".hidden.json", pipeline("Hidden"));
  CHECK(ids() == std::vector<std::string>{"daily/two#A", "daily/two#B", "one"});
  CHECK(catalog.with_id("daily/two#B").name == "B");
  CHECK(catalog.with_name("One").id == "one");
  CHECK(catalog.with_name("one").name == "One");
  CHECK(refusal([&] { (void)catalog.with_id("nothing"); }) == Code::not_found);
}

TEST_CASE_FIXTURE(Folders, "what is listed shows variables as they are written, never their values") {
  write("one.json", pipeline("One"));
  const auto entry = catalog.with_id("one");
  REQUIRE(entry.pipeline.has_value());
  CHECK(entry.pipeline->steps[0].config.at("path").as_string() == "${HOME}/x");
}

TEST_CASE_FIXTURE(Folders, "a file that cannot be read is listed with its error, and does not hide the others") {
  write("bad.json", "{");
  write("good.json", pipeline("Good"));
  const auto all = catalog.list();
  REQUIRE(all.size() == 2);
  CHECK(all[0].problem.has_value());
  CHECK_FALSE(all[1].problem.has_value());
  CHECK(refusal([&] { (void)catalog.with_id("bad"); }) == Code::invalid);
}

TEST_CASE_FIXTURE(Folders, "a name that two files have is a conflict, not a guess") {
  write("a.json", pipeline("Same"));
  write("b.json", pipeline("Same"));
  CHECK(refusal([&] { (void)catalog.with_name("Same"); }) == Code::conflict);
}

TEST_CASE_FIXTURE(Folders, "registered pipelines become files, once, and can be removed; those of people cannot") {
  write("mine.json", pipeline("Mine"));
  CHECK(catalog.add("Nightly ../ Load", pipeline("Nightly ../ Load")).id == "nightly-----load");
  CHECK(refusal([&] { (void)catalog.add("Nightly ../ Load", pipeline("x")); }) == Code::conflict);
  CHECK(catalog.with_name("Nightly ../ Load").origin == PipelineCatalog::Origin::registered);
  catalog.remove("nightly-----load");
  CHECK(ids() == std::vector<std::string>{"mine"});
  CHECK(refusal([&] { catalog.remove("mine"); }) == Code::denied);
  CHECK(refusal([&] { catalog.remove("nothing"); }) == Code::not_found);
}

TEST_CASE_FIXTURE(Folders, "a link does not bring a file from elsewhere into the folders") {
  os::write_file(root + "/outside.json", pipeline("Out"));
  write("inside.json", pipeline("In"));
  std::filesystem::create_symlink(root + "/outside.json", root + "/flows/link.json");
  CHECK(catalog.contains(root + "/flows/inside.json"));
  CHECK(catalog.contains(root + "/flows/../flows/inside.json"));
  CHECK_FALSE(catalog.contains(root + "/outside.json"));
  CHECK_FALSE(catalog.contains(root + "/flows/link.json"));
  CHECK_FALSE(catalog.contains(root + "/flows/../outside.json"));
  CHECK_FALSE(catalog.contains(root + "/missing.json"));
}
