#include "flat.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <cstdint>
#include <string>

namespace mortise::smi {
namespace {

struct Exports {
  int (*initialize)(const char*);
  int (*cleanup)();
  int (*register_model)(std::uintptr_t, const char*, const char*);
  int (*unregister_model)(std::uintptr_t);
  int (*load_model)(std::uintptr_t, const char*);
  int (*inference)(std::uintptr_t, const void*, std::size_t, void*, std::size_t*);
  char* (*get_plugin_name)();
  char* (*get_plugin_version)();
};
Exports exports;  // of the one object of this process

template <typename Function>
void find(void* object, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(object, name));
}

std::uintptr_t number(smi_model_handle_t handle) { return reinterpret_cast<std::uintptr_t>(handle); }

smi_status_t initialize(const char* config) { return exports.initialize(config != nullptr ? config : ""); }
smi_status_t cleanup() { return exports.cleanup(); }
smi_status_t register_model(const smi_model_metadata_t* metadata, smi_model_handle_t* handle) {
  static std::uintptr_t last = 0;
  *handle = reinterpret_cast<smi_model_handle_t>(++last);
  return exports.register_model(last, metadata->name, metadata->framework);
}
smi_status_t unregister_model(smi_model_handle_t handle) { return exports.unregister_model(number(handle)); }
smi_status_t load_model(smi_model_handle_t handle, const char* path) {
  return exports.load_model(number(handle), path);
}
smi_status_t inference(smi_model_handle_t handle, const void* input, std::size_t input_size, void* output,
                       std::size_t* output_size) {
  return exports.inference(number(handle), input, input_size, output, output_size);
}

// Copied once; the original was allocated for its caller.
const char* keep(std::string& kept, char* (*function)()) {
  if (kept.empty()) {
    char* text = function();
    if (text == nullptr) return nullptr;
    kept = text;
    ::free(text);
  }
  return kept.c_str();
}
const char* plugin_name() {
  static std::string name;
  return keep(name, exports.get_plugin_name);
}
const char* plugin_version() {
  static std::string version;
  return keep(version, exports.get_plugin_version);
}

template <typename Export, typename Function>
Function* when(Export* found, Function* function) {
  return found != nullptr ? function : nullptr;
}

}  // namespace

smi_plugin_interface_t* flat_interface(void* object) {
  find(object, "go_initialize", exports.initialize);
  if (exports.initialize == nullptr) return nullptr;
  find(object, "go_cleanup", exports.cleanup);
  find(object, "go_register_model", exports.register_model);
  find(object, "go_unregister_model", exports.unregister_model);
  find(object, "go_load_model", exports.load_model);
  find(object, "go_inference", exports.inference);
  find(object, "go_get_plugin_name", exports.get_plugin_name);
  find(object, "go_get_plugin_version", exports.get_plugin_version);
  static smi_plugin_interface_t interface = {
      .initialize = initialize,
      .cleanup = when(exports.cleanup, cleanup),
      .register_model = when(exports.register_model, register_model),
      .unregister_model = when(exports.unregister_model, unregister_model),
      .load_model = when(exports.load_model, load_model),
      .unload_model = nullptr,
      .inference = when(exports.inference, inference),
      .batch_inference = nullptr,
      .allocate_resources = nullptr,
      .deallocate_resources = nullptr,
      .get_model_info = nullptr,
      .get_plugin_name = when(exports.get_plugin_name, plugin_name),
      .get_plugin_version = when(exports.get_plugin_version, plugin_version),
      .get_supported_frameworks = nullptr,
      .get_smi_version = nullptr,
  };
  return &interface;
}

}  // namespace mortise::smi
