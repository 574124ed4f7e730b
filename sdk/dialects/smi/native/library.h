// Library: a plugin's shared object in this process, opened and looked at before it is believed.
//
// Two forms are known: `smi_plugin_init`, which returns a descriptor with the interface (mlos/smi_spec.h), and flat exports
// (flat.h). A descriptor that cannot be read, or whose functions are not code, is refused by name and never followed. The object
// is not closed again: threads and exit functions of it may outlive every instance.
#pragma once

#include <string>

#include "mlos/smi_spec.h"

namespace mortise::smi {

class Library {
 public:
  // Throws Error that names the file: not_found, plugin (the dynamic linker's words), unsupported (no form of it is known, or
  // another SMI version), invalid (a descriptor that is none).
  explicit Library(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const smi_plugin_interface_t& functions() const noexcept { return *functions_; }
  [[nodiscard]] const std::string& id() const noexcept { return id_; }  // its own name for itself; may be empty
  [[nodiscard]] const char* form() const noexcept { return form_; }     // "descriptor" or "exports"
  [[nodiscard]] std::string version_text() const;                       // of the interface: "1.0.0"

  // What the plugin says of itself; empty where it says nothing, or nothing readable.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string frameworks() const;

 private:
  void take_descriptor(const smi_plugin_t& plugin);
  void take_exports(const smi_plugin_interface_t& functions);

  std::string path_, id_;
  const char* form_ = "descriptor";
  const smi_plugin_interface_t* functions_ = nullptr;
  std::uint32_t smi_version_ = 0;
};

}  // namespace mortise::smi
