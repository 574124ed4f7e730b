#include "authors/plugin_trial.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "app/plugin_doctor.h"
#include "app/environment_options.h"
#include "authors/projects.h"
#include "authors/trial_copy.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/uri_text.h"
#include "data/value_json.h"
#include "os/file.h"
#include "os/paths.h"
#include "os/process.h"
#include "plugin/manifest.h"
#include "runtime/go_sources.h"
#include "runtime/runtime.h"
#include "runtime/worker_command.h"
#include "runtime/worker_policy.h"
#include "trial/own_tests.h"
#include "trial/report.h"

namespace mortise::authors {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using trial::Case;
using Outcome = trial::Case::Outcome;
constexpr std::uint64_t largest_manifest = 1U << 20, largest_example = 4U << 20;
constexpr auto look = std::chrono::milliseconds(50);

// ---- cases -------------------------------------------------------------------------------------------------------------

std::string words_of(const Error& error) {
  const std::string where = location_of(error);
  std::string text = error.describe() + (where.empty() ? "" : " (" + where + ")");
  return error.hint().empty() ? text : text + "\nhint: " + error.hint();
}

// One case of the suite "plugin": it passes unless an Error is thrown.
template <typename Action>
bool attempt(trial::Report& report, const std::string& name, Action action) {
  const auto begun = Clock::now();
  Case one{Outcome::passed, "plugin", name, 0, {}, {}};
  try {
    action();
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    one.outcome = Outcome::failed;
    one.message = words_of(error);
  }
  one.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  report.add(one);
  return one.outcome == Outcome::passed;
}

void skip(trial::Report& report, const std::string& name, const std::string& why) {
  report.add({Outcome::skipped, "plugin", name, 0, why, {}});
}

// ---- the plugin's language ------------------------------------------------------------------------------------------------

// Where there is no manifest to say it, by what lies in the folder.
std::string language_seen(const std::string& folder) {
  const std::pair<const char*, const char*> signs[] = {{"go", ".go"}, {"python", ".py"}, {"r", ".R"}, {"c++", ".cc"}, {"c++", ".cpp"}, {"c", ".c"}};
  for (const auto& [language, ending] : signs) {
    std::error_code none;
    for (fs::recursive_directory_iterator entry(folder, none), end; entry != end; entry.increment(none)) {
      if (entry->path().filename().string().ends_with(ending)) return language;
    }
  }
  return {};
}

// Makes a folder the present one of this process, for a while.
class Visit {
 public:
  explicit Visit(const std::string& folder) : before_(fs::current_path()) { fs::current_path(folder); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() {
    std::error_code ignored;
    fs::current_path(before_, ignored);
  }

 private:
  const fs::path before_;
};

// ---- one trial --------------------------------------------------------------------------------------------------------------

class Trial {
 public:
  Trial(const app::Places& places, const std::vector<dialects::Guide>& guides, app::Configuration configuration, const cli::PluginTest& wanted)
      : places_(places),
        guides_(guides),
        paths_(runtime::RuntimePaths::beside(places.executable)),
        go_builds_(os::join(os::absolute(configuration.settings.data_dir.empty() ? ".mortise" : configuration.settings.data_dir), "go")),
        configuration_(std::move(configuration)),
        wanted_(wanted),
        copy_(wanted.folder),
        bounds_{Clock::now() + wanted.timeout, [this] { return is_cancelled(); }},
        report_([&wanted](const Case& one) {
          if (wanted.watch) wanted.watch(trial::value_of(one));
        }) {
    configuration_.settings.data_dir = os::join(copy_.root(), "data");
    configuration_.settings.plugins.directories = {copy_.plugins()};
    configuration_.settings.plugins.auto_discovery = true;
    configuration_.settings.plugins.trusted.clear();
    configuration_.settings.pipeline_directories.clear();
    configuration_.settings.logging.file = os::join(copy_.root(), "log");
    using Sandbox = app::Settings::Runtime::Sandbox;
    if (wanted.DANGEROUSLY_unconfined) configuration_.settings.runtime.sandbox = Sandbox::DANGEROUSLY_off;
    confined_ = configuration_.settings.runtime.sandbox != Sandbox::DANGEROUSLY_off;
  }

  void run() {
    const bool readable = read_manifest();
    runtime::Workshop workshop(log_, paths_.launcher);
    const trial::Subject subject = this->subject();
    if (readable && descriptor_.language == "go") runtime::copy_go_sources(descriptor_, paths_, subject.go_folder);
    const bool built = readable && trial::build(workshop, subject, bounds_, report_);
    if (built) trial::run_own_tests(workshop, subject, bounds_, report_);
    if (is_cancelled()) throw Error(Code::cancelled, "cancelled");
    if (built) return in_a_host();
    skip(report_, "it loads", readable ? "it was not built" : "its manifest cannot be read");
  }

  [[nodiscard]] Value result(double seconds) const {
    Value cases = Value::list();
    for (const Case& one : report_.cases()) cases.push_back(trial::value_of(one));
    return Value::map({{"plugin", descriptor_.id},
                       {"folder", wanted_.folder},
                       {"language", descriptor_.language},
                       {"confined", confined_},
                       {"passed", report_.count(Outcome::passed)},
                       {"failed", report_.count(Outcome::failed)},
                       {"skipped", report_.count(Outcome::skipped)},
                       {"seconds", seconds},
                       {"cases", cases}});
  }

 private:
  [[nodiscard]] bool is_cancelled() {
    if (!cancelled_ && wanted_.cancelled && wanted_.cancelled()) cancelled_ = true;
    return cancelled_;
  }

  bool read_manifest() {
    descriptor_.id = fs::path(wanted_.folder).filename().string();
    descriptor_.folder = copy_.folder();
    const std::string file = os::join(copy_.folder(), "manifest.json");
    if (!fs::exists(file)) return descriptor_ = without_manifest(), true;
    return attempt(report_, "its manifest is valid", [&] {
      descriptor_ = plugin::parse_manifest(os::read_file(file, largest_manifest), file);
      descriptor_.folder = copy_.folder();
    });
  }

  // A plugin of a guide: what it is, is found out when it is loaded. Its tests may import what the guides have, and, in Python, the project.
  [[nodiscard]] plugin::Descriptor without_manifest() const {
    plugin::Descriptor plugin = descriptor_;
    plugin.language = language_seen(copy_.folder());
    for (const dialects::Guide& guide : guides_) {
      const std::string shim = os::join(places_.dialect_shims, guide.name);
      if (plugin.language == "python" && fs::exists(shim)) plugin.adapter.paths.push_back(shim);
      if (plugin.language != "go" || !guide.go_modules) continue;
      for (std::string& module : guide.go_modules(places_.dialect_shims)) plugin.adapter.paths.push_back(std::move(module));
    }
    if (plugin.language == "python") plugin.adapter.paths.push_back(copy_.folder());
    return plugin;
  }

  // ---- its own tests ----

  [[nodiscard]] trial::Subject subject() {
    trial::Subject subject{copy_.folder(), descriptor_.language, paths_.python, {}, paths_.go, os::join(copy_.root(), "go"), {}};
    if (!paths_.r_home.empty()) subject.r = os::join(paths_.r_home, "bin/exec/R");
    subject.order = [this](std::vector<std::string> arguments) { return order(std::move(arguments)); };
    return subject;
  }

  // As the plugin's worker would be started, with other words, and with what builds need.
  runtime::launcher::Order order(std::vector<std::string> arguments) {
    runtime::launcher::Order order;
    runtime::RuntimeSettings settings;
    if (!confined_) settings.sandbox = runtime::RuntimeSettings::Sandbox::DANGEROUSLY_off;
    runtime::Access nothing;  // beyond what confine() shows
    nothing.limits = descriptor_.limits;
    if (descriptor_.language == "python" || descriptor_.language == "r") {
      environments::Environments environments(log_, app::environment_places(places_, configuration_.settings.data_dir), app::environment_options(configuration_.settings));
      settings.packages = [&](const plugin::Descriptor& plugin) { return environments.folder_for(plugin); };
      order = runtime::worker_order(descriptor_, nothing, paths_, settings);
      std::erase_if(order.environment, [](const std::string& one) { return one.starts_with("HOME=") || one.starts_with("PATH="); });
    } else {
      order.policy = runtime::worker_policy(descriptor_, nothing, arguments.front(), paths_, settings);
      order.environment = {"LANG=C.UTF-8", "TMPDIR=/tmp"};
      if (descriptor_.language == "go") add_go(order.environment);
    }
    if (confined_) confine(order.policy);
    order.zygote.reset();  // these words are a program's
    order.arguments = std::move(arguments);
    order.environment.push_back("HOME=" + copy_.home());
    order.environment.push_back("PATH=" + os::parent_of(places_.executable) + ":/usr/local/bin:/usr/bin:/bin:/usr/local/go/bin");
    order.environment.push_back("MORTISE_INCLUDE=" + places_.headers);
    order.environment.push_back("MORTISE_TEST=1");
    return order;
  }

  // As its worker, but that its files are the copy, which may be changed, and that there is no network.
  void confine(runtime::sandbox::Policy& policy) const {
    using Access = runtime::sandbox::Path::Access;
    constexpr auto optional = runtime::sandbox::Path::Presence::may_be_missing;
    std::erase_if(policy.paths, [&](const auto& one) { return runtime::sandbox::Path::writes(one.access) || one.path == copy_.folder(); });
    const bool builds = descriptor_.language != "python" && descriptor_.language != "r";  // and starts what it built
    policy.paths.push_back({copy_.root(), builds ? Access::write_and_execute : Access::write});
    policy.network = runtime::sandbox::Network::none;
    if (!builds) return;
    policy.paths.push_back({places_.headers, Access::read, optional});
    if (descriptor_.language == "go") {
      policy.paths.push_back({fs::canonical(paths_.go).parent_path().parent_path().string(), Access::execute, optional});
      policy.paths.push_back({paths_.go_sdk, Access::read, optional});
      for (const std::string& module : descriptor_.adapter.paths) {  // "module=folder"
        const std::size_t equals = module.find('=');
        if (equals != std::string::npos) policy.paths.push_back({module.substr(equals + 1), Access::read, optional});
      }
      policy.paths.push_back({go_cache(), Access::write_and_execute});
    }
  }

  [[nodiscard]] std::string go_cache() const {
    const char* chosen = ::getenv("MORTISE_GO_CACHE");
    const std::string cache = chosen != nullptr ? os::absolute(chosen) : os::join(go_builds_, "cache");
    os::make_directories(cache);
    return cache;
  }

  // Offline, with the installed toolchain, and with the cache that the host uses: Go's own library takes long to compile.
  void add_go(std::vector<std::string>& environment) const {
    for (const char* setting : {"GOENV=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOTELEMETRY=off", "GOWORK=off", "CGO_ENABLED=0"})
      environment.emplace_back(setting);
    environment.push_back("GOCACHE=" + go_cache());
    environment.push_back("GOTMPDIR=" + copy_.home());  // programs that it builds start there; in /tmp none do
    environment.push_back("GOPATH=" + os::join(copy_.root(), "gopath"));
  }

  // ---- in a host ----

  // Its workers see the plugin as it is and, for the files of examples, the present folder: another copy of it.
  void in_a_host() {
    fs::copy(copy_.folder(), work_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    const Visit visit(work_);
    os::make_directories(configuration_.settings.data_dir);
    os::make_directories(go_builds_);
    fs::create_directory_symlink(go_builds_, os::join(configuration_.settings.data_dir, "go"));
    const Log log(configuration_.settings.logging);
    app::HouseOptions options{configuration_.settings.data_dir, cli::HostOptions::Ports::none, {}, places_, guides_, [this] { return configuration_; }};
    const app::House house(std::move(options), configuration_, log);
    const cli::Client client(app::socket_path(configuration_.settings.data_dir), wanted_.signals);
    const std::vector<std::string> found = find(client);
    if (!attempt(report_, "it is found", [&] { must_be_found(found); })) return;
    bool loads = true;
    for (const std::string& id : found)
      loads = attempt(report_, found.size() > 1 ? id + " loads" : "it loads", [&] { must_load(client, id); }) && loads;
    if (loads) return try_examples(client);
    skip(report_, "its example runs", "it does not load");
  }

  // The ids of the plugins in the copy.
  std::vector<std::string> find(const cli::Client& client) {
    std::vector<std::string> ids;
    const Value all = client.get("/api/v1/plugins");
    for (const Value& one : all.items()) {
      const std::string id = cli::text_in(one, "id");
      const Value plugin = client.get("/api/v1/plugins/" + cli::path_segment(id));
      if (!os::is_within(cli::text_in(plugin, "folder"), fs::canonical(copy_.folder()).string())) continue;
      if (descriptor_.language.empty()) descriptor_.language = cli::text_in(plugin, "language");
      ids.push_back(id);
    }
    if (!ids.empty()) descriptor_.id = ids.front();
    return ids;
  }

  // What is wrong, in the words of `mortise doctor`.
  void must_be_found(const std::vector<std::string>& found) const {
    if (!found.empty()) return;
    const Value examined = app::examine_plugin(copy_.folder(), configuration_.settings, places_);
    for (const Value& group : examined.at("groups").items()) {
      for (const Value& check : group.at("checks").items()) {
        if (cli::text_in(check, "status") == "problem") throw Error(Code::invalid, cli::text_in(check, "found"), cli::text_in(check, "hint"));
      }
    }
    throw Error(Code::not_found, "no plugin was recognised in this folder", "`mortise doctor " + wanted_.folder + "` examines it");
  }

  static void must_load(const cli::Client& client, const std::string& id) {
    const Value health = client.ask({.method = "POST", .target = "/api/v1/plugins/" + cli::path_segment(id) + "/health"}).value();
    if (cli::text_in(health, "status") != "healthy") throw Error(Code::plugin, cli::text_in(health, "message"));
  }

  [[nodiscard]] std::vector<std::string> examples() const {
    std::vector<std::string> files;
    for (const char* below : {"", "examples"}) {
      std::error_code none;
      for (const fs::directory_entry& entry : fs::directory_iterator(os::join(copy_.folder(), below), none)) {
        const std::string name = entry.path().filename().string(), ending = entry.path().extension().string();
        const bool pipeline = (ending == ".yaml" || ending == ".yml" || ending == ".json") && (*below != '\0' || name.starts_with("example"));
        if (!pipeline || !entry.is_regular_file() || entry.file_size() > largest_example) continue;
        if (os::read_file(entry.path().string(), largest_example).find("steps") != std::string::npos)
          files.push_back(entry.path().lexically_relative(copy_.folder()).string());
      }
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  void try_examples(const cli::Client& client) {
    const std::vector<std::string> files = examples();
    if (files.empty()) skip(report_, "its example runs", "it has no example.yaml, and no pipeline in examples/");
    for (const std::string& file : files) {
      const Value request = Value::map({{"pipeline_file", os::join(work_, file)}, {"folder", work_}});
      if (attempt(report_, file + " is valid", [&] { must_be_valid(client, request); }))
        attempt(report_, file + " runs", [&] { must_run(client, request); });
    }
  }

  static void must_be_valid(const cli::Client& client, const Value& request) {
    const Value found = client.ask({.method = "POST", .target = "/api/v1/pipelines/validate", .body = data::to_json(request)}).value();
    for (const Value& one : cli::list_in(found, "findings").items()) throw cli::error_from(one);
  }

  void must_run(const cli::Client& client, const Value& request) {
    const Value started = client.ask({.method = "POST", .target = "/api/v1/pipelines/execute?wait=false", .body = data::to_json(request)}).value();
    const std::string run = "/api/v1/runs/" + cli::text_in(cli::map_in(started, "data"), "run_id");
    for (;;) {
      const Value record = client.get(run);
      const std::string state = cli::text_in(record, "state");
      if (state == "succeeded") return;
      if (state != "running" && state != "queued") throw record.has("error") ? cli::error_from(record.at("error")) : Error(Code::plugin, "the run ended " + state);
      if (is_cancelled()) throw Error(Code::cancelled, "cancelled");
      if (Clock::now() > bounds_.deadline) throw Error(Code::timeout, "it was not over when the time of this test was", "raise --timeout");
      std::this_thread::sleep_for(look);
    }
  }

  const app::Places& places_;
  const std::vector<dialects::Guide>& guides_;
  const runtime::RuntimePaths paths_;
  const std::string go_builds_;  // of the data folder that is configured
  app::Configuration configuration_;
  const cli::PluginTest& wanted_;
  const Log log_{Log::Options{.lines = [](std::string_view) {}}};
  const TrialCopy copy_;
  const std::string work_ = os::join(copy_.root(), "work");
  bool cancelled_ = false, confined_ = true;
  const runtime::TaskBounds bounds_;
  trial::Report report_;
  plugin::Descriptor descriptor_;
};

}  // namespace

Value try_plugin(const app::Places& places, const std::vector<dialects::Guide>& guides, app::Configuration configuration, const cli::PluginTest& wanted) {
  const auto begun = Clock::now();
  Trial trial(places, guides, std::move(configuration), wanted);
  trial.run();
  return trial.result(std::chrono::duration<double>(Clock::now() - begun).count());
}

}  // namespace mortise::authors
