// The workshop of packages (package/workshop.h), built of plugins of this host.
#pragma once

#include "package/workshop.h"

namespace mortise::runtime {
class Runtime;
}

namespace mortise::store {
class Database;
}

namespace mortise::app {

class PackageWorkshop final : public package::Workshop {
 public:
  PackageWorkshop(runtime::Runtime& runtime, store::Database& database) : runtime_(runtime), database_(database) {}
  Value ask(std::string_view plugin, std::string_view method, const Value& input) override;
  Value advisories(std::string_view ecosystem, const std::vector<std::string>& names) override;

 private:
  runtime::Runtime& runtime_;
  store::Database& database_;
};

}  // namespace mortise::app
