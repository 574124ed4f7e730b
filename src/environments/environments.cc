#include "environments/environments.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/json_text.h"
#include "environments/helper.h"
#include "environments/installed.h"
#include "environments/wanted.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/paths.h"
#include "store/sha256.h"

namespace mortise::environments {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view unfinished = ".building-";
constexpr std::uint64_t largest_card = 4U << 20;
constexpr std::size_t key_digits = 32;
constexpr auto patience = std::chrono::seconds(5);  // until what failed is tried again, unless its places changed

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

Value value_of(const std::vector<Package>& packages) {
  Value list = Value::list();
  for (const Package& one : packages)
    list.push_back(Value::map({{"name", one.name}, {"version", one.version}, {"file", one.file}, {"sha256", texts(one.digests)}}));
  return list;
}

std::vector<Package> packages_in(const Node& list) {
  std::vector<Package> all;
  for (const Node& one : list.items()) {
    const auto digests = one.find("sha256");
    all.push_back({one.at("name").as_string(), one.at("version").as_text(), one.string_or("file", ""),
                   digests ? digests->as_strings() : std::vector<std::string>{}});
  }
  return all;
}

std::string json(const Value& value) {
  std::string text;
  append_json(text, value);
  return text;
}

std::chrono::system_clock::time_point time_of(const std::string& path) {
  return std::chrono::system_clock::time_point(std::chrono::nanoseconds(changed_at(path)));
}

// A folder to build in, gone at the end. Helpers write to `area` alone: what they leave elsewhere in its place, or put in place of
// `area` itself, is nothing that the host could stumble over.
class Workplace {
 public:
  explicit Workplace(const std::string& root) : path_(os::make_temporary_directory(os::join(root, unfinished))) {
    os::make_directories(area());
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  ~Workplace() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string area() const { return os::join(path_, "area"); }
  [[nodiscard]] std::string of(std::string_view name) const { return os::join(path_, std::string(name)); }

 private:
  const std::string path_;
};

void move(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) throw os::system_error("cannot move '" + from + "' to", to);
}

Error about(Error error, const plugin::Descriptor& plugin) {
  Error made(error.code(), "plugin '" + plugin.id + "' needs packages that are not there: " + error.what(), error.hint());
  for (const auto& [key, value] : error.details()) made.with(key, value);
  return made.with("plugin", plugin.id);
}

}  // namespace

Environments::Environments(Log log, Places places, Options options)
    : log_(std::move(log)), places_(std::move(places)), options_(std::move(options)), memory_(os::join(places_.folder, "requests.json")) {
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(places_.folder, none)) {
    if (entry.path().filename().string().starts_with(unfinished)) fs::remove_all(entry.path(), none);
  }
}

Options Environments::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

void Environments::configure(Options options) {
  const std::lock_guard lock(mutex_);
  options_ = std::move(options);
}

void Environments::stop() { stopping_.store(true); }

std::string Environments::place_of(const std::string& key) const { return os::join(places_.folder, key); }
std::string Environments::packages_of(const std::string& key) const { return os::join(place_of(key), "packages"); }

std::string Environments::folder_for(const plugin::Descriptor& plugin) {
  if (plugin.language != "python" && plugin.language != "r") return {};
  const std::vector<std::string> wanted = wanted_packages(plugin);
  if (wanted.empty()) return {};
  const std::string request = request_of(plugin, wanted);
  if (auto known = remembered(plugin, request)) return *std::move(known);
  const std::lock_guard one_at_a_time(building_);
  if (auto known = remembered(plugin, request)) return *std::move(known);
  must_not_have_failed_just_now(request);
  try {
    os::make_directories(places_.folder);
    const Resolved resolved = resolve(plugin, wanted);
    if (!resolved.key.empty() && !fs::is_directory(packages_of(resolved.key))) build(plugin, resolved);
    remember(plugin, request, resolved);
    return resolved.key.empty() ? std::string() : packages_of(resolved.key);
  } catch (const Error& error) {
    const Error told = about(error, plugin);
    failure_ = {request, times_of_places(), std::chrono::steady_clock::now(), told};
    throw told;
  }
}

std::pair<std::int64_t, std::int64_t> Environments::times_of_places() const {
  const Options options = this->options();
  return {changed_at(options.wheels), changed_at(options.r_packages)};
}

// A plugin that is called in a loop must not keep the installers busy, of which there is one for all.
void Environments::must_not_have_failed_just_now(const std::string& request) const {
  const bool same = failure_ && failure_->request == request && failure_->places == times_of_places();
  if (same && std::chrono::steady_clock::now() < failure_->when + patience) throw Error(failure_->error);
}

std::string Environments::request_of(const plugin::Descriptor& plugin, const std::vector<std::string>& wanted) const {
  const Options options = this->options();
  const std::string& interpreter = plugin.language == "python" ? places_.python : places_.r_home;
  return store::sha256_of(json(texts({plugin.language, interpreter, places_.r_library, options.wheels, options.r_packages, options.index,
                                      options.DANGEROUSLY_build_sources ? "sources" : ""})) +
                          json(texts(wanted)));
}

std::optional<std::string> Environments::remembered(const plugin::Descriptor& plugin, const std::string& request) {
  const std::lock_guard lock(mutex_);
  const std::optional<std::string> key = memory_.find(request);
  if (!key) return std::nullopt;
  if (key->empty()) return std::string();
  if (!fs::is_directory(packages_of(*key))) return std::nullopt;
  plugins_[*key].insert(plugin.id);
  mark_used(*key);
  return packages_of(*key);
}

void Environments::remember(const plugin::Descriptor& plugin, const std::string& request, const Resolved& resolved) {
  const std::lock_guard lock(mutex_);
  memory_.put(request, resolved.key, resolved.watched, resolved.begun);
  if (resolved.key.empty()) return;
  plugins_[resolved.key].insert(plugin.id);
  mark_used(resolved.key);
}

// By the time of its card, which garbage collection goes by.
void Environments::mark_used(const std::string& key) const {
  ::utimensat(AT_FDCWD, os::join(place_of(key), "environment.json").c_str(), nullptr, 0);
}

Environments::Resolved Environments::resolve(const plugin::Descriptor& plugin, const std::vector<std::string>& wanted) {
  const Options options = this->options();
  const auto begun = std::chrono::system_clock::now();
  const Workplace workplace(places_.folder);
  const Value request = Value::map({{"requirements", texts(wanted)},
                                    {"wheels", options.wheels},
                                    {"folder", options.r_packages},
                                    {"index", options.index},
                                    {"source_builds", options.DANGEROUSLY_build_sources},
                                    {"uv", options.uv}});
  const Node answer = ask_helper(log_, places_, options, {plugin.language, "resolve", request, workplace.area()}, stopping_);
  Resolved resolved;
  resolved.begun = begun;
  resolved.watched = answer.at("watched").as_strings();
  resolved.packages = packages_in(answer.at("packages"));
  if (resolved.packages.empty()) return resolved;
  for (Package& one : resolved.packages) {
    if (!one.file.empty()) one.digests = {store::sha256_of_file(os::join(options.r_packages, one.file))};
  }
  resolved.interpreter = answer.at("interpreter").as_string();
  resolved.key = store::sha256_of("1 " + plugin.language + " " + resolved.interpreter + json(value_of(resolved.packages))).substr(0, key_digits);
  return resolved;
}

void Environments::build(const plugin::Descriptor& plugin, const Resolved& resolved) {
  const Options options = this->options();
  const auto begun = std::chrono::steady_clock::now();
  const Workplace workplace(places_.folder);
  const std::string target = os::join(workplace.area(), "packages"), whole = workplace.of("whole"), packages = os::join(whole, "packages");
  os::make_directories(target);
  os::make_directories(whole);
  const Value request = Value::map({{"packages", value_of(resolved.packages)},
                                    {"target", target},
                                    {"wheels", options.wheels},
                                    {"folder", options.r_packages},
                                    {"index", options.index},
                                    {"source_builds", options.DANGEROUSLY_build_sources},
                                    {"uv", options.uv}});
  (void)ask_helper(log_, places_, options, {plugin.language, "install", request, workplace.area()}, stopping_);
  move(target, packages);
  const std::uint64_t bytes = open_to_readers(packages);
  const Value card = Value::map({{"key", resolved.key},
                                 {"language", plugin.language},
                                 {"interpreter", resolved.interpreter},
                                 {"packages", value_of(resolved.packages)},
                                 {"bytes", static_cast<std::int64_t>(bytes)}});
  os::write_file(os::join(whole, "environment.json"), json(card));
  // Somebody may have emptied it by hand.
  if (fs::exists(fs::symlink_status(place_of(resolved.key)))) move(place_of(resolved.key), workplace.of("before"));
  move(whole, place_of(resolved.key));
  os::sync_directory(places_.folder);
  log_.info("environment built", {{"plugin", plugin.id},
                                  {"key", resolved.key},
                                  {"packages", resolved.packages.size()},
                                  {"ms", std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count()}});
}

std::vector<Environment> Environments::list() const {
  std::vector<Environment> all;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(places_.folder, none)) {
    const std::string card = os::join(entry.path().string(), "environment.json");
    if (entry.path().filename().string().starts_with('.') || !fs::exists(card, none)) continue;
    try {
      const Node node = parse_json_config(os::read_file(card, largest_card), card);
      Environment one;
      one.key = entry.path().filename().string();
      one.language = node.at("language").as_string();
      one.interpreter = node.at("interpreter").as_string();
      one.folder = packages_of(one.key);
      one.packages = packages_in(node.at("packages"));
      one.made = time_of(one.folder);
      one.used = time_of(card);
      one.bytes = static_cast<std::uint64_t>(node.at("bytes").as_int64(0));
      const std::lock_guard lock(mutex_);
      if (const auto plugins = plugins_.find(one.key); plugins != plugins_.end()) one.plugins.assign(plugins->second.begin(), plugins->second.end());
      all.push_back(std::move(one));
    } catch (const Error& error) {
      log_.failure("an environment cannot be read", error, {{"folder", entry.path().string()}});
    }
  }
  std::sort(all.begin(), all.end(), [](const Environment& a, const Environment& b) { return a.key < b.key; });
  return all;
}

void Environments::remove(const std::string& key) {
  const std::lock_guard one_at_a_time(building_);
  const bool plain = key.size() == key_digits && key.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!plain || !fs::is_directory(place_of(key))) {
    throw Error(Code::not_found, "there is no environment '" + key.substr(0, 64) + "'", "`mortise environment list` shows all").with("got", key.substr(0, 64));
  }
  const Workplace workplace(places_.folder);
  const std::lock_guard lock(mutex_);  // until it is out of sight: no plugin finds it meanwhile
  const auto plugins = plugins_.find(key);
  if (plugins != plugins_.end() && !plugins->second.empty()) {
    throw Error(Code::conflict, "environment " + key + " is used by plugin '" + *plugins->second.begin() + "'",
                "it can go when the server that uses it has ended");
  }
  move(place_of(key), workplace.of(key));
}

std::vector<std::string> Environments::collect_garbage() {
  const auto keep = options().keep;
  std::vector<std::string> gone;
  if (keep.count() == 0) return gone;
  for (const Environment& one : list()) {
    if (!one.plugins.empty() || one.used + keep > std::chrono::system_clock::now()) continue;
    try {
      remove(one.key);
      gone.push_back(one.key);
    } catch (const Error& error) {  // somebody came for it meanwhile, or it cannot go: the others can
      log_.failure("an environment stays", error, {{"key", one.key}});
    }
  }
  if (!gone.empty()) log_.info("environments that nobody used are gone", {{"count", gone.size()}});
  return gone;
}

}  // namespace mortise::environments
