#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "plugin/registry.h"

namespace mortise::plugin {
namespace {

namespace fs = std::filesystem;

// Takes every file with its ending: each line of it is a plugin, "!" is one that cannot be read.
class Lines final : public Detector {
 public:
  explicit Lines(std::string ending) : ending_(std::move(ending)) {}

  Finding look(const Shelf& shelf) override {
    Finding finding;
    for (const std::string& file : shelf.files) {
      if (file == "everything" + ending_) finding.whole_folder = true;
      if (fs::path(file).extension() != ending_) continue;
      finding.files.push_back(file);
      std::ifstream in(shelf.folder / file);
      for (std::string line; std::getline(in, line);) {
        if (line == "!") {
          finding.problems.push_back({shelf.folder / file, Error(Code::invalid, "an exclamation")});
          continue;
        }
        Descriptor plugin;
        plugin.id = line;
        plugin.folder = shelf.folder.string();
        plugin.entry = file;
        finding.plugins.push_back(std::move(plugin));
      }
    }
    return finding;
  }

 private:
  std::string ending_;
};

class Angry final : public Detector {
 public:
  Finding look(const Shelf&) override { throw Error(Code::plugin, "not today"); }
};

struct Place {
  Place() : root(fs::temp_directory_path() / ("mortise_scan_" + std::to_string(::getpid()))) { fs::remove_all(root); }
  ~Place() { fs::remove_all(root); }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
  fs::path root;
};

TEST_CASE("one file may hold several plugins, and a bad one keeps no other away") {
  const Place place;
  place.write("several.lines", "one\n!\ntwo\n");
  Lines lines(".lines");
  Detector* detectors[] = {&lines};
  const fs::path directories[] = {place.root};
  Registry registry;
  const auto report = registry.scan(directories, detectors);
  CHECK(report.added == std::vector<std::string>{"one", "two"});
  REQUIRE(report.problems.size() == 1);
  CHECK(report.problems[0].folder.filename() == "several.lines");
}

TEST_CASE("what one detector took is not shown to those after it, and a package is shown to nobody") {
  const Place place;
  place.write("a.lines", "first\n");
  place.write("package/everything.lines", "whole\n");
  place.write("package/manifest.json", "{ this is nobody's to read");
  place.write("package/below/b.lines", "hidden below a package\n");
  Lines lines(".lines"), again(".lines");
  Detector* detectors[] = {&lines, &again};
  const fs::path directories[] = {place.root};
  Registry registry;
  const auto report = registry.scan(directories, detectors);
  CHECK(report.added == std::vector<std::string>{"first", "whole"});
  CHECK(report.problems.empty());
}

TEST_CASE("a detector that fails is a problem of the folder, and the others still look") {
  const Place place;
  place.write("a.lines", "first\n");
  Angry angry;
  Lines lines(".lines");
  Detector* detectors[] = {&angry, &lines};
  const fs::path directories[] = {place.root};
  Registry registry;
  const auto report = registry.scan(directories, detectors);
  CHECK(report.added == std::vector<std::string>{"first"});
  REQUIRE(report.problems.size() == 1);
  CHECK(std::string(report.problems[0].error.what()) == "not today");
}

}  // namespace
}  // namespace mortise::plugin
