// Scanning folders for plugins.
#include <algorithm>

#include "plugin/manifest.h"
#include "plugin/registry.h"

namespace mortise::plugin {
namespace {

namespace fs = std::filesystem;

// The native way: a manifest.json, and the folder is one package.
class ManifestDetector final : public Detector {
 public:
  Finding look(const Shelf& shelf) override {
    Finding finding;
    if (std::find(shelf.files.begin(), shelf.files.end(), "manifest.json") == shelf.files.end()) return finding;
    finding.whole_folder = true;
    try {
      finding.plugins.push_back(read_manifest(shelf.folder));
    } catch (const Error& error) {
      finding.problems.push_back({shelf.folder, error});
    }
    return finding;
  }
};

class Walk {
 public:
  Walk(Registry& registry, std::span<Detector* const> detectors, Registry::ScanReport& report)
      : registry_(registry), detectors_(detectors.begin(), detectors.end()), report_(report) {
    detectors_.push_back(&manifests_);
  }

  void visit(const fs::path& folder, int depth) {
    Shelf shelf{folder, {}};
    std::vector<fs::path> below;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.') || entry.is_symlink()) continue;
      if (entry.is_directory()) below.push_back(entry.path());
      if (entry.is_regular_file()) shelf.files.push_back(name);
    }
    std::sort(shelf.files.begin(), shelf.files.end());  // directories come in no order; reports should
    std::sort(below.begin(), below.end());
    if (shown(shelf) || depth == 0) return;
    for (const fs::path& path : below) visit(path, depth - 1);
  }

 private:
  // Whether somebody took it whole.
  bool shown(Shelf& shelf) {
    for (Detector* detector : detectors_) {
      Finding finding = look(*detector, shelf);
      for (const std::string& file : finding.files) std::erase(shelf.files, file);
      const bool whole = finding.whole_folder;
      registry_.add(std::move(finding), report_);
      if (whole) return true;
    }
    return false;
  }

  static Finding look(Detector& detector, const Shelf& shelf) {
    try {
      return detector.look(shelf);
    } catch (const Error& error) {
      Finding finding;
      finding.problems.push_back({shelf.folder, error});
      return finding;
    }
  }

  Registry& registry_;
  ManifestDetector manifests_;
  std::vector<Detector*> detectors_;
  Registry::ScanReport& report_;
};

}  // namespace

void Registry::add(Finding finding, ScanReport& report) {
  for (Problem& problem : finding.problems) report.problems.push_back(std::move(problem));
  for (Descriptor& plugin : finding.plugins) {
    const fs::path folder = plugin.folder;
    try {
      report.added.push_back(add(std::move(plugin))->id);
    } catch (const Error& error) {
      report.problems.push_back({folder, error});
    }
  }
}

Registry::ScanReport Registry::scan(std::span<const fs::path> directories, std::span<Detector* const> detectors,
                                    int depth) {
  ScanReport report;
  Walk walk(*this, detectors, report);
  for (const fs::path& directory : directories) {
    try {
      if (!fs::is_directory(directory)) throw Error(Code::not_found, directory.string() + " is no directory");
      walk.visit(fs::canonical(directory), depth);
    } catch (const Error& error) {
      report.problems.push_back({directory, error});
    } catch (const fs::filesystem_error& failure) {
      report.problems.push_back({directory, Error(Code::denied, failure.what())});
    }
  }
  find_incomplete(report);
  return report;
}

void Registry::find_incomplete(ScanReport& report) const {
  report.incomplete.clear();
  for (const std::string& id : report.added) {
    const Entry plugin = find(id);
    if (plugin == nullptr || plugin->requires_.empty()) continue;
    try {
      (void)in_dependency_order({&id, 1});
    } catch (const Error& error) {
      report.incomplete.push_back({plugin->folder, error});
    }
  }
}

}  // namespace mortise::plugin
