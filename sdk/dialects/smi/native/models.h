// The models that a plugin in this process has, each registered with it and loaded before its first inference.
//
// A registration that fails half way gives back what it took, in reverse order; nothing of it stays. Functions that the plugin
// does not have are passed over.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "library.h"
#include "mortise/value.hpp"

namespace mortise::smi {

class Models {
 public:
  explicit Models(const Library& library) : functions_(library.functions()) {}
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;
  ~Models() { clear(); }

  // The handle of the model, which is registered and loaded now if it was not. `model` is a map {id, name, framework, version,
  // description, format, path, requirements: [{type, amount}]}; a changed one is registered anew. Throws Error with the function that
  // refused and its status.
  smi_model_handle_t get(const Value& model);
  bool remove(const std::string& id);  // false: it was not there
  void clear() noexcept;

 private:
  struct Entry {
    Value model;
    smi_model_handle_t handle = nullptr;
    bool allocated = false, loaded = false;
  };
  void begin(Entry& entry);
  void end(const Entry& entry) noexcept;

  const smi_plugin_interface_t& functions_;
  std::map<std::string, Entry> entries_;
};

}  // namespace mortise::smi
