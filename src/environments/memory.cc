#include "environments/memory.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/config_tree.h"
#include "base/error.h"
#include "base/json_text.h"
#include "os/file.h"

namespace mortise::environments {
namespace {

constexpr std::uint64_t largest = 4U << 20;
constexpr std::size_t most_entries = 1000;
constexpr auto tick = std::chrono::milliseconds(20);  // file times go in steps, of 10 ms on some machines

}  // namespace

std::int64_t changed_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

Memory::Memory(std::string file) : file_(std::move(file)) {
  try {
    load();
  } catch (const Error&) {
    entries_.clear();
  }
}

void Memory::load() {
  const Node root = parse_json_config(os::read_file(file_, largest), file_);
  for (const auto& [request, entry] : root.members()) {
    Entry read{entry.at("key").as_string(), {}};
    for (const auto& [folder, time] : entry.at("watched").members()) read.watched[folder] = time.as_int64();
    entries_.emplace(request, std::move(read));
  }
}

void Memory::save() const {
  Value root = Value::map();
  for (const auto& [request, entry] : entries_) {
    Value watched = Value::map();
    for (const auto& [folder, time] : entry.watched) watched.set(folder, time);
    root.set(request, Value::map({{"key", entry.key}, {"watched", watched}}));
  }
  std::string text;
  append_json(text, root);
  os::write_file(file_, text);
}

std::optional<std::string> Memory::find(const std::string& request) const {
  const auto found = entries_.find(request);
  if (found == entries_.end()) return std::nullopt;
  const auto& watched = found->second.watched;
  const bool holds = std::all_of(watched.begin(), watched.end(), [](const auto& one) { return changed_at(one.first) == one.second; });
  return holds ? std::optional(found->second.key) : std::nullopt;
}

void Memory::put(const std::string& request, const std::string& key, const std::vector<std::string>& watched,
                 std::chrono::system_clock::time_point begun) {
  if (entries_.size() >= most_entries) entries_.clear();
  Entry entry{key, {}};
  const std::int64_t sure = std::chrono::nanoseconds((begun - tick).time_since_epoch()).count();
  for (const std::string& folder : watched) {
    const std::int64_t changed = changed_at(folder);
    entry.watched[folder] = changed < sure ? changed : -1;
  }
  entries_[request] = std::move(entry);
  save();
}

}  // namespace mortise::environments
