// Finder: recognises model plugins by their files and describes them.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "dialects/core/inspector.h"
#include "dialects/core/surroundings.h"
#include "plugin/detector.h"

namespace mortise::dialects::smi {

class Finder {
 public:
  explicit Finder(const Surroundings& surroundings) : host_(surroundings) {}

  // What of a folder looks like a model plugin, by the names it exports or defines. Blocks: each new file is asked once.
  [[nodiscard]] plugin::Finding look(const plugin::Shelf& shelf);

  // The plugin in one file. Throws Error: not_found, unsupported when the file is neither a library nor Python, or what the file
  // itself answered.
  [[nodiscard]] plugin::Descriptor describe(const std::string& path);

  // What a plugin says of itself: {id, name, version, frameworks, smi_version, form}; null for one that is none of these.
  [[nodiscard]] Value about(std::string_view plugin) const;
  // Says under which id a described plugin is known from now on.
  void name(const std::string& id, Value about);

 private:
  const Surroundings& host_;
  mutable std::mutex mutex_;
  std::map<std::string, Value, std::less<>> about_;  // by id
};

}  // namespace mortise::dialects::smi
