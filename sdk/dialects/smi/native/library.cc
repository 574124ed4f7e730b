#include "library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <optional>

#include "flat.h"
#include "mortise/error.hpp"
#include "probe.h"

namespace mortise::smi {
namespace {

// An interpreter inside the plugin finds the modules beside it, and what it prints is not held back.
void prepare_interpreter(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  const char* before = ::getenv("PYTHONPATH");
  const std::string found = before == nullptr || *before == '\0' ? folder : folder + ":" + before;
  ::setenv("PYTHONPATH", found.c_str(), 1);
  ::setenv("PYTHONUNBUFFERED", "1", 1);
  ::setenv("PYTHONUTF8", "1", 1);
}

// An embedded interpreter takes its modules from where it lies itself, whatever other Python the PATH has.
void tell_python_home(const std::string& interpreter) {
  const std::size_t folder = interpreter.rfind("/lib/"), name = interpreter.rfind("/libpython");
  if (folder == std::string::npos || ::getenv("PYTHONHOME") != nullptr) return;
  const std::string home = interpreter.substr(0, folder);
  const std::string version = interpreter.substr(name + 4, interpreter.find(".so", name) - name - 4);  // "python3.11"
  if (::access((home + "/lib/" + version + "/os.py").c_str(), R_OK) == 0) ::setenv("PYTHONHOME", home.c_str(), 1);
}

// Extension modules of an embedded Python look for the interpreter's symbols among the global ones.
int share_if_python(dl_phdr_info* info, std::size_t, void*) {
  const char* name = std::strrchr(info->dlpi_name, '/');
  if (name == nullptr || std::strncmp(name, "/libpython3.", 12) != 0) return 0;
  (void)::dlopen(info->dlpi_name, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
  tell_python_home(info->dlpi_name);
  return 0;
}

void* open_object(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0)
    throw Error(Code::not_found, "cannot read the plugin '" + path + "': " + std::strerror(errno)).with("file", path);
  prepare_interpreter(path);
  void* object = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    const char* words = ::dlerror();
    throw Error(Code::plugin,
                "cannot load the plugin '" + path + "': " + (words != nullptr ? words : "no reason given"))
        .with("file", path);
  }
  ::dl_iterate_phdr(share_if_python, nullptr);
  return object;
}

Error no_descriptor(const std::string& path, const std::string& what) {
  return Error(Code::invalid, "smi_plugin_init of '" + path + "' returned " + what,
               "return the address of a static smi_plugin_t (mlos/smi_spec.h)")
      .with("file", path)
      .with("expected", "a pointer to an smi_plugin_t");
}

std::string hexadecimal(const void* address) {
  char text[32];
  std::snprintf(text, sizeof text, "%p", address);
  return text;
}

// Why it cannot be a descriptor; nothing when it may be one.
std::optional<std::string> wrong_with(const smi_plugin_t* plugin) {
  if (plugin == nullptr) return "NULL: the plugin refuses to be loaded";
  if (reinterpret_cast<std::uintptr_t>(plugin) % alignof(smi_plugin_t) != 0)
    return hexadecimal(plugin) + ", where no struct can begin";
  if (!readable(plugin, sizeof *plugin)) return hexadecimal(plugin) + ", where nothing can be read";
  const void* functions[15];
  static_assert(sizeof functions == sizeof(smi_plugin_interface_t));
  std::memcpy(functions, &plugin->interface, sizeof functions);
  for (std::size_t i = 0; i < std::size(functions); ++i) {
    if (functions[i] != nullptr && !executable(functions[i]))
      return "a descriptor whose function " + std::to_string(i + 1) + " of 15 is at " + hexadecimal(functions[i]) +
             ", where no code is";
  }
  return std::nullopt;
}

std::string said(const char* (*function)(void)) {
  const char* text = function != nullptr ? function() : nullptr;
  return text != nullptr ? text_at(text).value_or("") : std::string();
}

std::string version_of(std::uint32_t packed) {
  return std::to_string(packed >> 16U) + "." + std::to_string((packed >> 8U) & 0xffU) + "." +
         std::to_string(packed & 0xffU);
}

void check_version(std::uint32_t packed, const std::string& path) {
  const bool fits = packed >> 16U == SMI_VERSION_MAJOR && ((packed >> 8U) & 0xffU) <= SMI_VERSION_MINOR;
  if (fits) return;
  throw Error(
      Code::unsupported,
      "'" + path + "' was built for SMI " + version_of(packed) + ", this host speaks " + version_of(SMI_VERSION),
      "build it again with this host's mlos/smi_spec.h")
      .with("file", path)
      .with("expected", version_of(SMI_VERSION))
      .with("got", version_of(packed));
}

}  // namespace

Library::Library(std::string path) : path_(std::move(path)) {
  void* object = open_object(path_);
  const auto init = reinterpret_cast<smi_plugin_init_func_t>(::dlsym(object, "smi_plugin_init"));
  smi_plugin_interface_t* flat = flat_interface(object);
  if (init == nullptr && flat == nullptr) {
    throw Error(Code::unsupported, "'" + path_ + "' is not a plugin: it does not export smi_plugin_init",
                "define `smi_plugin_t* smi_plugin_init(void)` (mlos/smi_spec.h)")
        .with("file", path_);
  }
  const smi_plugin_t* plugin = init != nullptr ? init() : nullptr;
  const auto wrong = wrong_with(plugin);
  if (wrong && flat == nullptr) throw no_descriptor(path_, *wrong);
  wrong ? take_exports(*flat) : take_descriptor(*plugin);
}

void Library::take_exports(const smi_plugin_interface_t& functions) {
  functions_ = &functions;
  form_ = "exports";
  smi_version_ = SMI_VERSION;
}

void Library::take_descriptor(const smi_plugin_t& plugin) {
  functions_ = &plugin.interface;
  smi_version_ = functions_->get_smi_version != nullptr ? functions_->get_smi_version() : plugin.smi_version;
  check_version(plugin.smi_version, path_);
  check_version(smi_version_, path_);
  if (plugin.plugin_id == nullptr) return;
  const auto id = text_at(plugin.plugin_id, 256);
  if (!id) throw no_descriptor(path_, "a descriptor whose plugin_id is no text of at most 256 bytes");
  id_ = *id;
}

std::string Library::version_text() const { return version_of(smi_version_); }
std::string Library::name() const { return said(functions_->get_plugin_name); }
std::string Library::version() const { return said(functions_->get_plugin_version); }
std::string Library::frameworks() const { return said(functions_->get_supported_frameworks); }

}  // namespace mortise::smi
