// The workshop of packages (package/workshop.h), built of plugins of this host.
#pragma once

#include "package/workshop.h"

namespace mortise::runtime {
class Runtime;
}

namespace mortise::app {

class PackageWorkshop final : public package::Workshop {
 public:
  explicit PackageWorkshop(runtime::Runtime& runtime) : runtime_(runtime) {}
  Value ask(std::string_view plugin, std::string_view method, const Value& input) override;

 private:
  runtime::Runtime& runtime_;
};

}  // namespace mortise::app
