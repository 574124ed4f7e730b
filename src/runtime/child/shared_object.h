// A plugin that is a shared object in its package: found, loaded (RTLD_NOW, RTLD_LOCAL), and never unloaded.
#pragma once

#include "runtime/child/serve.h"

namespace mortise::runtime::child {

class SharedObject final : public PluginSource {
 public:
  // Loads path/entry of the greeting, or the adapter that it names, which then finds the entry's path in the variable
  // MORTISE_ENTRY and which plugin of it in MORTISE_OBJECT. Throws Error{not_found} when there is no such file, Error{plugin} with the dynamic
  // linker's words when it cannot be loaded, Error{unsupported} when it has no entry or was built for another contract.
  const mortise_plugin& table(const message::Hello& hello) override;

 private:
  const mortise_plugin* table_ = nullptr;
};

}  // namespace mortise::runtime::child
