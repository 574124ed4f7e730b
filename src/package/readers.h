// Readers: what packages need of plugins, declared here and built in src/app.
//
// Whatever a stranger sent is read by workers that may touch no file (plugins package_archive and package_scanner); this room
// hands them bytes and checks what comes back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::package {

class Readers {
 public:
  Readers() = default;
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  virtual ~Readers() = default;

  // What `plugin` answers to `method` of its operation `call`. Throws what it reports. Slow.
  [[nodiscard]] virtual Value ask(std::string_view plugin, std::string_view method, const Value& input) = 0;

  // What is known to be wrong with these packages of an ecosystem ("PyPI", normal names), as package/advisories.h has it. A list.
  [[nodiscard]] virtual Value advisories(std::string_view ecosystem, const std::vector<std::string>& names) {
    (void)ecosystem, (void)names;
    return Value::list();
  }
};

}  // namespace mortise::package
