// conformance_host: the case files of sdk/conformance through the real host.
//
//   conformance_host --where in-process|c|native|python|r|go [--transport auto|socket|ring] [--sandbox auto|off]
//                    [--start program|zygote] [--only TEXT]
//
// One line a case, then "N passed, N failed, N skipped". The runner (run.py) plays the host itself and proves workers; this
// proves that the host, with its pool, launcher, memory and in-process plugins, gives the same answers.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
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

using mortise::runtime::Transport;
using Sandbox = mortise::runtime::RuntimeSettings::Sandbox;
using Zygotes = mortise::runtime::RuntimeSettings::Zygotes;

struct Options {
  Where where = Where::in_process;
  std::string only;
  Transport transport = Transport::automatic;
  Sandbox sandbox = Sandbox::automatic;
  Zygotes zygotes = Zygotes::later;
};

const std::map<std::string, Where> wheres{{"in-process", Where::in_process},  {"c", Where::c_worker}, {"native", Where::native_worker},
                                          {"python", Where::python_worker}, {"r", Where::r_worker}, {"go", Where::go_worker}};
const std::map<std::string, Transport> transports{
    {"auto", Transport::automatic}, {"socket", Transport::socket}, {"ring", Transport::ring}};
const std::map<std::string, Sandbox> sandboxes{{"auto", Sandbox::automatic}, {"off", Sandbox::DANGEROUSLY_off}};
const std::map<std::string, Zygotes> starts{{"program", Zygotes::off}, {"zygote", Zygotes::first}};

template <typename T>
bool choose(const std::map<std::string, T>& among, const std::string& name, T& chosen) {
  const auto found = among.find(name);
  if (found == among.end()) return false;
  chosen = found->second;
  return true;
}

Options options_of(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    if (name == "--only") options.only = value;
    const bool known = name == "--only" || (name == "--where" && choose(wheres, value, options.where)) ||
                       (name == "--transport" && choose(transports, value, options.transport)) ||
                       (name == "--sandbox" && choose(sandboxes, value, options.sandbox)) ||
                       (name == "--start" && choose(starts, value, options.zygotes));
    if (known) continue;
    throw Error(Code::invalid, "unknown option " + name + " " + value,
                "--where in-process|c|native|python|r|go, --transport auto|socket|ring, --sandbox auto|off, --start program|zygote, --only TEXT");
  }
  return options;
}

const char* folder_of(Where where) {
  switch (where) {
    case Where::python_worker: return CONFORMANCE_PYTHON;
    case Where::r_worker: return CONFORMANCE_R;
    case Where::go_worker: return CONFORMANCE_GO;
    case Where::c_worker: return CONFORMANCE_C;
    case Where::in_process:
    case Where::native_worker: break;
  }
  return CONFORMANCE_NATIVE;
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
  registry.add(mortise::plugin::read_manifest(folder_of(options.where)));
  mortise::Log log = mortise::Log::null();
  mortise::runtime::RuntimeSettings settings;
  settings.grace = std::chrono::milliseconds(500);
  settings.transport = options.transport;
  settings.zygotes = options.zygotes;
  settings.sandbox = options.sandbox;
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
    report.one("process: it is confined and speaks as it was told to", [&] {
      return conformance::play_surroundings(runtime, options.sandbox != Sandbox::DANGEROUSLY_off, options.transport);
    });
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
