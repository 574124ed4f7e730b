// conformance_host: the case files of sdk/conformance through the real host.
//
//   conformance_host --where in-process|native|python|r|go [--transport auto|socket|ring] [--start program|zygote] [--only TEXT]
//
// One line a case, then "N passed, N failed, N skipped". The runner (run.py) plays the host itself and proves workers; this
// proves that the host, with its pool, launcher, memory and in-process plugins, gives the same answers.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "data/value_json.h"
#include "play.h"
#include "plugin/manifest.h"
#include "plugin/registry.h"

namespace {

using conformance::Where;
using mortise::Code;
using mortise::Error;
namespace fs = std::filesystem;

struct Options {
  Where where = Where::in_process;
  std::string only;
  mortise::runtime::Transport transport = mortise::runtime::Transport::automatic;
  mortise::runtime::RuntimeSettings::Zygotes zygotes = mortise::runtime::RuntimeSettings::Zygotes::later;
};

Options options_of(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& value = arguments[i + 1];
    if (arguments[i] == "--only") {
      options.only = value;
    } else if (arguments[i] == "--transport" && (value == "auto" || value == "socket" || value == "ring")) {
      using mortise::runtime::Transport;
      options.transport = value == "auto" ? Transport::automatic : value == "ring" ? Transport::ring : Transport::socket;
    } else if (arguments[i] == "--start" && (value == "program" || value == "zygote")) {
      using Zygotes = mortise::runtime::RuntimeSettings::Zygotes;
      options.zygotes = value == "zygote" ? Zygotes::first : Zygotes::off;
    } else if (arguments[i] == "--where" && (value == "in-process" || value == "native" || value == "python" || value == "r" || value == "go")) {
      options.where = value == "python"   ? Where::python_worker
                      : value == "r"      ? Where::r_worker
                      : value == "go"     ? Where::go_worker
                      : value == "native" ? Where::native_worker
                                          : Where::in_process;
    } else {
      throw Error(Code::invalid, "unknown option " + arguments[i] + " " + value,
                  "--where in-process|native|python|r|go, --transport auto|socket|ring, --start program|zygote, --only TEXT");
    }
  }
  return options;
}

std::vector<conformance::Case> all_cases(Where where) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(CONFORMANCE_CASES)) files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<conformance::Case> cases;
  for (const fs::path& file : files) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const mortise::Value content = mortise::data::parse_json(text.view(), {}, file.filename().string());
    std::ranges::move(conformance::cases_of(file.stem().string(), content, where), std::back_inserter(cases));
  }
  return cases;
}

// Until workers are forked from a zygote, so that every case runs in one that was.
void warm_up(mortise::runtime::Runtime& runtime) {
  for (int look = 0; look < 600; ++look) {
    (void)runtime.invoke("conformance", mortise::runtime::Call{});
    const auto instances = runtime.instances();
    if (!instances.empty() && instances.front().start == "zygote") return;
    runtime.retire("conformance");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  throw Error(Code::timeout, "no worker was forked from a zygote within 30 s");
}

void say_starts(const mortise::runtime::Runtime& runtime) {
  for (const mortise::runtime::PluginStats& stats : runtime.stats()) {
    std::cout << stats.warm_starts << " of " << stats.starts << " workers were forked from a zygote\n";
  }
}

class Report {
 public:
  explicit Report(Options options) : options_(std::move(options)) {}

  template <typename Play>
  void one(const std::string& name, const Play& play) {
    if (name.find(options_.only) == std::string::npos) return;
    std::optional<std::string> problem;
    try {
      problem = play();
    } catch (const std::exception& error) {
      problem = error.what();
    }
    std::cout << (problem ? "FAILED  " : "passed  ") << name_of(options_.where) << ": " << name << '\n';
    if (problem) std::cout << "        " << *problem << std::endl;
    ++(problem ? failed_ : passed_);
  }

  int sum() const {
    std::cout << passed_ << " passed, " << failed_ << " failed, 0 skipped" << std::endl;
    return failed_ > 0 || passed_ == 0 ? 1 : 0;
  }

 private:
  const Options options_;
  int passed_ = 0;
  int failed_ = 0;
};

int run(const Options& options) {
  mortise::plugin::Registry registry(mortise::plugin::Registry::TrustedInProcess{
      options.where == Where::in_process ? std::vector<std::string>{"conformance"} : std::vector<std::string>{}});
  registry.add(
      mortise::plugin::read_manifest(options.where == Where::python_worker ? CONFORMANCE_PYTHON
                                       : options.where == Where::r_worker    ? CONFORMANCE_R
                                       : options.where == Where::go_worker   ? CONFORMANCE_GO
                                                                              : CONFORMANCE_NATIVE));
  mortise::Log log = mortise::Log::null();
  mortise::runtime::RuntimeSettings settings;
  settings.grace = std::chrono::milliseconds(500);
  settings.transport = options.transport;
  settings.zygotes = options.zygotes;
  auto paths = mortise::runtime::RuntimePaths::beside(CONFORMANCE_BESIDE);
  paths.go_builds = CONFORMANCE_GO_BUILDS;
  mortise::runtime::Runtime runtime(registry, log, paths, settings);

  if (options.zygotes == mortise::runtime::RuntimeSettings::Zygotes::first) warm_up(runtime);
  Report report(options);
  for (const conformance::Case& one : all_cases(options.where)) {
    report.one(one.name, [&] { return conformance::play(runtime, one, options.where); });
  }
  report.one("memory: a table that one call made is read by the next without a copy",
             [&] { return conformance::play_chain(runtime); });
  if (options.where != Where::in_process) {
    report.one("deaths: the worker dies at every byte of its result's frame",
               [&] { return conformance::play_deaths(runtime); });
  }
  if (options.zygotes == mortise::runtime::RuntimeSettings::Zygotes::first) say_starts(runtime);
  return report.sum();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(options_of({argv + 1, argv + argc}));
  } catch (const Error& error) {
    std::cerr << "conformance_host: " << error.describe() << '\n';
    return 2;
  }
}
