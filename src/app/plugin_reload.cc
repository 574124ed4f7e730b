#include "app/plugin_reload.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/error.h"
#include "runtime/runtime.h"
#include "store/sha256.h"

namespace mortise::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 20'000;  // of one plugin

// Python's caches and hidden files are no part of a plugin.
bool belongs(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  return !name.starts_with('.') && name != "__pycache__";
}

// Regular files below the folder, sorted. Links are not followed. Throws Error{busy} when there are too many.
std::vector<fs::path> files_of(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, failure), end;
  for (; !failure && at != end; at.increment(failure)) {
    if (!belongs(*at)) {
      at.disable_recursion_pending();
      continue;
    }
    if (at->is_regular_file(failure)) files.push_back(at->path());
    if (files.size() > most_files) {
      throw Error(Code::busy, folder + " has more than " + std::to_string(most_files) + " files",
                  "a plugin's folder holds the plugin alone; keep data elsewhere");
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string look_of(const std::string& folder) {
  std::string text;
  for (const fs::path& file : files_of(folder)) {
    struct stat seen {};
    if (::stat(file.c_str(), &seen) != 0) continue;
    text += file.string() + " " + std::to_string(seen.st_ino) + " " + std::to_string(seen.st_size) + " " +
            std::to_string(seen.st_mtim.tv_sec) + "." + std::to_string(seen.st_mtim.tv_nsec) + "\n";
  }
  return store::sha256_of(text);
}

std::string content_of(const std::string& folder) {
  std::string text;
  for (const fs::path& file : files_of(folder)) text += file.string() + " " + store::sha256_of_file(file.string()) + "\n";
  return store::sha256_of(text);
}

}  // namespace

PluginReload::PluginReload(const plugin::Registry& registry, runtime::Runtime& runtime, const Log& log,
                           std::chrono::milliseconds interval, Read read)
    : registry_(registry), runtime_(runtime), log_(log), read_(std::move(read)), interval_(interval) {}

void PluginReload::start() {
  thread_ = std::thread([this] { loop(); });
}

PluginReload::~PluginReload() { stop(); }

void PluginReload::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PluginReload::set_interval(std::chrono::milliseconds interval) {
  {
    const std::lock_guard lock(mutex_);
    interval_ = interval;
  }
  changed_.notify_all();
}

// A plugin that an update put into another folder is another one: nothing changed there.
PluginReload::Known& PluginReload::known(const plugin::Descriptor& plugin) { return known_[plugin.id + " " + plugin.folder]; }

Value PluginReload::reload(std::string_view name) {
  const std::lock_guard lock(work_);
  const auto present = registry_.get(name);
  Known& its = known(*present);
  const std::string look = look_of(present->folder);
  const std::string content = content_of(present->folder);
  if (its.content.empty() && its.look == look) its.content = content;  // nothing was written since the start
  if (its.content == content) {
    its.look = look;
    return Value::map({{"plugin", present->id},
                       {"changed", false},
                       {"from", present->version_text},
                       {"to", present->version_text},
                       {"generation", present->generation}});
  }
  return switch_now(present, look, content);
}

Value PluginReload::switch_now(const plugin::Registry::Entry& present, const std::string& look, const std::string& content) {
  Known& its = known(*present);
  its.failed = look;
  const runtime::Switched done = runtime_.switch_to(read_(*present));
  its = {look, content, look, {}};
  return Value::map({{"plugin", present->id},
                     {"changed", true},
                     {"from", done.from},
                     {"to", done.to},
                     {"generation", done.generation}});
}

// The first round only gets to know the plugins. Digests cost time: without a watch they are taken when somebody asks.
void PluginReload::loop() {
  std::unique_lock lock(mutex_);
  bool first = true;
  while (!stopping_) {
    const auto interval = interval_;
    const auto changed = [&] { return stopping_ || interval_ != interval; };
    if (!first && interval.count() == 0) {
      changed_.wait(lock, changed);
    } else if (!changed_.wait_for(lock, first ? std::chrono::milliseconds(0) : interval, changed)) {
      lock.unlock();
      for (const auto& plugin : registry_.list()) {
        const std::lock_guard one_at_a_time(work_);
        look_at(plugin, interval.count() != 0);
      }
      lock.lock();
    }
    first = false;
  }
}

void PluginReload::look_at(const plugin::Registry::Entry& plugin, bool watched) {
  Known& its = known(*plugin);
  try {
    const std::string look = look_of(plugin->folder);
    const bool steady = look == std::exchange(its.seen, look);
    if (its.look.empty()) {  // met for the first time
      its.look = look;
    }
    if (look == its.look && its.content.empty() && watched) {
      its.content = content_of(plugin->folder);
      if (look_of(plugin->folder) != look) its.content.clear();
    }
    if (look == its.look || !steady || look == its.failed) return;
    const std::string content = content_of(plugin->folder);
    if (content == its.content) {
      its.look = look;
      return;
    }
    (void)switch_now(plugin, look, content);
  } catch (const Error& error) {
    its.failed = its.seen;
    log_.failure("a plugin changed, and the change does not work; the present generation stays", error,
                 {{"plugin", plugin->id}});
  } catch (const fs::filesystem_error& error) {
    log_.debug("a plugin's folder cannot be looked at", {{"plugin", plugin->id}, {"why", error.what()}});
  }
}

}  // namespace mortise::app
