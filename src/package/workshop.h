// Workshop: what packages need of plugins, declared here and built in src/app.
//
// Whatever a stranger sent is read by workers that may touch no file (plugins package_archive and package_scanner); this room
// hands them bytes and checks what comes back.
#pragma once

#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::package {

class Workshop {
 public:
  Workshop() = default;
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  virtual ~Workshop() = default;

  // What `plugin` answers to `method` of its operation `call`. Throws what it reports. Slow.
  [[nodiscard]] virtual Value ask(std::string_view plugin, std::string_view method, const Value& input) = 0;
};

}  // namespace mortise::package
