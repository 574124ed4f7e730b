// NativeLibrary: a plugin's shared object in this process, opened and checked.
//
// It is opened RTLD_NOW and RTLD_LOCAL and never closed again: code of it may run in threads and at exit that nobody here
// knows of. Its entry point is called once, however many instances there are.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "mortise/plugin.h"

namespace mortise::runtime {

class NativeLibraries {
 public:
  // The plugin's table. Throws Error that names the file: it cannot be loaded, has no `mortise_plugin_entry`, refused, or was
  // built for another ABI. Thread-safe. Slow the first time: it runs the object's own initialisers.
  [[nodiscard]] const mortise_plugin& open(const std::string& path);
  // The file that is there now, though another one of that name was loaded before, which stays. Error{conflict} when the loaded
  // file itself was written over: it must be replaced by another one (written beside it, then renamed).
  [[nodiscard]] const mortise_plugin& open_again(const std::string& path, std::uint64_t generation);

 private:
  const mortise_plugin& open_spelled(const std::string& path, const std::string& spelling);
  std::mutex mutex_;
  std::set<std::string> spellings_;                  // by which something was opened
  struct Loaded {
    const mortise_plugin* table;
    std::int64_t written;  // when its file was last
  };
  std::map<void*, Loaded> tables_;  // by handle: the same object has the same
};

// What open() demands of a table: its size, its ABI major, and the functions that are required.
void check_plugin_table(const mortise_plugin* table, const std::string& path);

}  // namespace mortise::runtime
