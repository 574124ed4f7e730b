#include "runtime/native_library.h"

#include <dlfcn.h>

#include <cstddef>

#include "base/error.h"

namespace mortise::runtime {
namespace {

constexpr const char* entry_symbol = "mortise_plugin_entry";

Error refused(Code code, const std::string& path, const std::string& what, std::string hint) {
  return Error(code, path + " " + what, std::move(hint)).with("file", path);
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

const mortise_plugin& NativeLibraries::open(const std::string& path) {
  const std::lock_guard lock(mutex_);  // dlerror is per thread, entry once: one after the other
  ::dlerror();
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw Error(Code::plugin, "cannot load " + path + ": " + last_dl_error(), "is it built for this machine, with all it links?")
        .with("file", path);
  }
  if (const auto known = tables_.find(handle); known != tables_.end()) return *known->second;
  void* symbol = ::dlsym(handle, entry_symbol);
  if (symbol == nullptr) {
    throw refused(Code::invalid, path, std::string("does not export '") + entry_symbol + "'",
                  "write MORTISE_PLUGIN(Type) once, or export the function of plugin.h");
  }
  const mortise_plugin* table = reinterpret_cast<mortise_plugin_entry_function>(symbol)();
  check_plugin_table(table, path);
  tables_.emplace(handle, table);
  return *table;
}

}  // namespace mortise::runtime
