#include "runtime/native_library.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <cstddef>

#include "base/error.h"

namespace mortise::runtime {
namespace {

constexpr const char* entry_symbol = "mortise_plugin_entry";

Error refused(Code code, const std::string& path, const std::string& what, std::string hint) {
  return Error(code, path + " " + what, std::move(hint)).with("file", path);
}

// /a/b.so, /a/./b.so, /a/././b.so: the same file for everybody but the loader.
std::string respelled(const std::string& path, std::uint64_t generation) {
  const std::size_t slash = path.rfind('/');
  std::string dots;
  for (std::uint64_t i = 0; i < generation; ++i) dots += "/.";
  return slash == std::string::npos ? path : path.substr(0, slash) + dots + path.substr(slash);
}

// In nanoseconds; 0: there is no such file.
std::int64_t last_write(const std::string& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0) return 0;
  return seen.st_mtim.tv_sec * std::int64_t{1'000'000'000} + seen.st_mtim.tv_nsec;
}

std::string last_dl_error() {
  const char* text = ::dlerror();
  return text != nullptr ? text : "no reason given";
}

}  // namespace

void check_plugin_table(const mortise_plugin* table, const std::string& path) {
  if (table == nullptr) {
    throw refused(Code::denied, path, "refused to be loaded (mortise_plugin_entry returned NULL)", "its author may say why");
  }
  constexpr std::size_t head = offsetof(mortise_plugin, abi_minor) + sizeof(table->abi_minor);
  constexpr std::size_t whole = offsetof(mortise_plugin, cleanup) + sizeof(table->cleanup);
  if (table->size < head) {
    throw refused(Code::invalid, path, "has a plugin table of " + std::to_string(table->size) + " bytes", "its first member is its size");
  }
  if (table->abi_major != MORTISE_ABI_MAJOR) {
    throw refused(Code::unsupported, path,
                  "was built for plugin ABI " + std::to_string(table->abi_major) + ", this host speaks " +
                      std::to_string(MORTISE_ABI_MAJOR),
                  "build it again with the headers of this host");
  }
  if (table->size < whole) {
    throw refused(Code::invalid, path,
                  "has a plugin table of " + std::to_string(table->size) + " bytes, ABI 1 has at least " + std::to_string(whole),
                  "set its first member to sizeof(mortise_plugin)");
  }
  const auto require = [&](bool there, const char* name) {
    if (!there) throw refused(Code::invalid, path, std::string("has no '") + name + "' in its plugin table", "it is required");
  };
  require(table->load != nullptr, "load");
  require(table->invoke != nullptr, "invoke");
  require(table->cleanup != nullptr, "cleanup");
}

const mortise_plugin& NativeLibraries::open(const std::string& path) { return open_spelled(path, path); }

// The loader knows what it has by its path first: another spelling makes it look at the file.
const mortise_plugin& NativeLibraries::open_again(const std::string& path, std::uint64_t generation) {
  constexpr std::uint64_t most = 1000;
  if (generation > most) throw refused(Code::busy, path, "was loaded " + std::to_string(most) + " times", "start the host again");
  return open_spelled(path, respelled(path, generation));
}

const mortise_plugin& NativeLibraries::open_spelled(const std::string& path, const std::string& spelling) {
  const std::lock_guard lock(mutex_);  // dlerror is per thread, entry once: one after the other
  ::dlerror();
  void* handle = ::dlopen(spelling.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw Error(Code::plugin, "cannot load " + path + ": " + last_dl_error(), "is it built for this machine, with all it links?")
        .with("file", path);
  }
  const bool first = spellings_.insert(spelling).second;
  if (const auto known = tables_.find(handle); known != tables_.end()) {
    if (first && known->second.written != last_write(path)) {
      throw refused(Code::conflict, path, "was written over while it is loaded",
                    "write the new one beside it and rename it, or start the host again");
    }
    return *known->second.table;
  }
  void* symbol = ::dlsym(handle, entry_symbol);
  if (symbol == nullptr) {
    throw refused(Code::invalid, path, std::string("does not export '") + entry_symbol + "'",
                  "write MORTISE_PLUGIN(Type) once, or export the function of plugin.h");
  }
  const mortise_plugin* table = reinterpret_cast<mortise_plugin_entry_function>(symbol)();
  check_plugin_table(table, path);
  tables_.emplace(handle, Loaded{table, last_write(path)});
  return *table;
}

}  // namespace mortise::runtime
