// The readers of packages (package/readers.h), built of plugins of this host.
#pragma once

#include "package/readers.h"

namespace mortise::runtime {
class Runtime;
}

namespace mortise::store {
class Database;
}

namespace mortise::app {

class PackageReaders final : public package::Readers {
 public:
  PackageReaders(runtime::Runtime& runtime, store::Database& database) : runtime_(runtime), database_(database) {}
  Value ask(std::string_view plugin, std::string_view method, const Value& input) override;
  Value advisories(std::string_view ecosystem, const std::vector<std::string>& names) override;

 private:
  runtime::Runtime& runtime_;
  store::Database& database_;
};

}  // namespace mortise::app
