#include "runtime/child/shared_object.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "os/paths.h"

namespace mortise::runtime::child {
namespace {

std::string linker_words() {
  const char* words = ::dlerror();
  return words != nullptr ? words : "no reason given";
}

mortise_plugin_entry_function entry_of(const std::string& file) {
  if (::access(file.c_str(), R_OK) != 0) throw os::system_error("cannot read the plugin '" + file + "'", file);
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Error(Code::plugin, "cannot load the plugin '" + file + "': " + linker_words()).with("file", file);
  }
  void* symbol = ::dlsym(library, "mortise_plugin_entry");
  if (symbol == nullptr) {
    throw Error(Code::unsupported, "'" + file + "' is not a plugin: it does not export mortise_plugin_entry",
                "end the source with MORTISE_PLUGIN(YourClass), or export the function")
        .with("file", file);
  }
  return reinterpret_cast<mortise_plugin_entry_function>(symbol);
}

}  // namespace

const mortise_plugin& SharedObject::table(const message::Hello& hello) {
  if (table_ == nullptr) {
    const std::string entry = os::join(hello.plugin_path, hello.plugin_entry);
    if (!hello.adapter.empty()) {
      ::setenv("MORTISE_ENTRY", entry.c_str(), 1);
      ::setenv("MORTISE_OBJECT", hello.object.c_str(), 1);
    }
    const mortise_plugin* table = entry_of(hello.adapter.empty() ? entry : hello.adapter)();
    check_table(table);
    table_ = table;
  }
  return *table_;
}

}  // namespace mortise::runtime::child
