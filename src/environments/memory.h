// Memory: which environment a request came to, so that asking again costs a few looks at the disk instead of an interpreter's start.
//
// An answer holds as long as no folder changed in which packages were looked for. It is kept in a file, whose loss costs time only.
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mortise::environments {

class Memory {
 public:
  // A file that is not there, or that cannot be read, is an empty memory.
  explicit Memory(std::string file);

  // The key of its environment, empty when none is needed; nothing when it has to be found out (again).
  [[nodiscard]] std::optional<std::string> find(const std::string& request) const;
  // Folders that changed after `begun`, when the looking began, or just before it, are looked through again the next time.
  void put(const std::string& request, const std::string& key, const std::vector<std::string>& watched,
           std::chrono::system_clock::time_point begun);

 private:
  struct Entry {
    std::string key;
    std::map<std::string, std::int64_t> watched;  // when a folder was changed last, in nanoseconds
  };
  void load();
  void save() const;

  const std::string file_;
  std::map<std::string, Entry> entries_;
};

// In nanoseconds since 1970; 0 when there is no such file.
[[nodiscard]] std::int64_t changed_at(const std::string& path);

}  // namespace mortise::environments
