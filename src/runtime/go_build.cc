#include "runtime/go_build.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"
#include "os/run_program.h"
#include "runtime/go_adapter.h"
#include "runtime/go_sources.h"

namespace mortise::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes patience{10};
constexpr std::size_t most_shown = 4096;

class WorkFolder {
 public:
  explicit WorkFolder(const std::string& builds) : path_(os::make_temporary_directory(os::join(builds, "work-"))) {}
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  const std::string path_;
};

// Modules that the user has fetched already can be used; nothing is fetched.
std::string module_cache(const std::string& builds) {
  const char* chosen = ::getenv("GOMODCACHE");
  const std::string users = chosen != nullptr ? chosen : os::join(os::home(), "go/pkg/mod");
  return fs::is_directory(users) ? users : os::join(builds, "modules");
}

// Go's compiled library: some 60 MiB and ten seconds, so it can be shared.
std::string build_cache(const std::string& builds) {
  const char* chosen = ::getenv("MORTISE_GO_CACHE");
  return chosen != nullptr ? os::absolute(chosen) : os::join(builds, "cache");
}

enum class Cgo { off, on };

Cgo cgo_of(const plugin::Descriptor& descriptor) {
  const auto& all = descriptor.adapter.paths;
  return std::find(all.begin(), all.end(), "cgo") == all.end() ? Cgo::off : Cgo::on;
}

std::vector<std::string> environment(const RuntimePaths& paths, const std::string& builds, const std::string& work, Cgo cgo) {
  return {
      "PATH=" + os::parent_of(paths.go) + ":/usr/bin:/bin",
      "HOME=" + work,
      "TMPDIR=" + work,
      "LANG=C.UTF-8",
      "GOENV=off",
      "GOPATH=" + os::join(builds, "path"),
      "GOCACHE=" + build_cache(builds),
      "GOMODCACHE=" + module_cache(builds),
      "GOFLAGS=-mod=mod",
      "GOPROXY=off",
      "GOSUMDB=off",
      "GOTOOLCHAIN=local",
      "GOTELEMETRY=off",
      "GOWORK=off",
      cgo == Cgo::on ? "CGO_ENABLED=1" : "CGO_ENABLED=0",
  };
}

Error does_not_build(const plugin::Descriptor& descriptor, const std::string& folder, const std::string& printed) {
  const GoComplaint complaint = first_complaint(printed);
  const std::string what = "plugin '" + descriptor.id + "' does not build: ";
  if (complaint.line == 0) {
    return Error(Code::invalid, what + printed.substr(0, most_shown), "this is what `go build` said, offline and without cgo")
        .with("plugin", descriptor.id)
        .with("file", folder);
  }
  const std::string file = os::join(folder, complaint.file);
  const std::string more = complaint.more == 0 ? "" : " (and " + std::to_string(complaint.more) + " more)";
  return Error(Code::invalid, what + file + ":" + std::to_string(complaint.line) + ": " + complaint.text + more,
               "correct it; it is built again when it is next used")
      .with("plugin", descriptor.id)
      .with("file", file)
      .with("line", std::to_string(complaint.line))
      .with("output", printed.substr(0, most_shown));
}

// What was written for another host may import what it does not use, which Go refuses: the guides' own samples do. Such imports
// are made blank in the copy. False when there is none.
bool forgive_unused_imports(const std::string& folder, const std::string& printed) {
  static const std::regex unused(R"re(^(?:\.\./|\./)?([\w./-]+\.go):(\d{1,9}):\d+: ("[^"]+" imported.* not used).*$)re");
  bool any = false;
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (line.size() > most_shown || !std::regex_match(line, found, unused)) continue;
    // The compiler names what a `//line` of the source tells it to: only files of the copy are touched.
    const std::string path = os::absolute(os::join(folder, found[1].str()));
    std::error_code missing;
    if (!os::is_within(path, folder) || fs::symlink_status(path, missing).type() != fs::file_type::regular) continue;
    std::string source = os::read_file(path, std::uint64_t{64} << 20U);
    if (!blank_import(source, std::stoi(found[2]))) continue;
    os::write_file(path, source);
    any = true;
  }
  return any;
}

}  // namespace

GoComplaint first_complaint(const std::string& printed) {
  static const std::regex place(R"(^(?:\./)?([^:\s][^:]*\.(?:go|mod)):(\d{1,9})(?::\d+)?:\s*(.*)$)");
  GoComplaint complaint;
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (line.size() > most_shown || !std::regex_match(line, found, place)) continue;
    if (complaint.line != 0) {
      ++complaint.more;
      continue;
    }
    complaint.file = found[1];
    complaint.line = std::stoi(found[2]);
    complaint.text = found[3];
  }
  return complaint;
}

void go_build(const plugin::Descriptor& descriptor, const RuntimePaths& paths, const std::string& builds,
              const std::string& place) {
  const WorkFolder work(builds);
  const std::string sources = os::join(work.path(), "plugin");
  copy_go_sources(descriptor, paths, sources);
  const std::string inner = os::parent_of(descriptor.entry);
  const std::string program = os::join(work.path(), "program");
  const Cgo cgo = cgo_of(descriptor);
  os::Program build{{paths.go, "build", cgo == Cgo::on ? "-trimpath=false" : "-trimpath", "-buildvcs=false", "-o", program, "."}, patience};
  const bool adapted = !descriptor.adapter.name.empty();
  const std::string package = inner == "." ? sources : os::join(sources, inner);
  if (adapted) build.command.back() = "./" + std::string(go_main_folder);
  build.folder = adapted ? sources : package;
  build.environment = environment(paths, builds, work.path(), cgo);
  build.keep_errors = true;
  auto printout = os::run_program(build);
  for (int round = 0; adapted && round < 8 && printout && printout->exit_status != 0; ++round) {
    if (!forgive_unused_imports(sources, printout->output)) break;
    printout = os::run_program(build);
  }
  if (!printout) {
    throw Error(Code::timeout,
                "`go build` of plugin '" + descriptor.id + "' did not run to its end within " +
                    std::to_string(patience.count()) + " minutes",
                "try it by hand: cd " + descriptor.folder + " && go build")
        .with("plugin", descriptor.id);
  }
  const std::string folder = adapted || inner == "." ? descriptor.folder : os::join(descriptor.folder, inner);
  if (printout->exit_status != 0) throw does_not_build(descriptor, folder, printout->output);
  if (::access(program.c_str(), X_OK) != 0) {
    throw Error(Code::invalid, "plugin '" + descriptor.id + "' is no program: its entry is not of package main",
                "a plugin is `package main` with func main() { mortise.Serve(MyPlugin{}) }")
        .with("plugin", descriptor.id)
        .with("file", os::join(descriptor.folder, descriptor.entry));
  }
  constexpr auto others = fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec;
  fs::permissions(program, fs::perms::owner_all | others);
  fs::rename(program, place);
}

}  // namespace mortise::runtime
