#include "app/package_readers.h"

#include "package/advisories.h"
#include "runtime/runtime.h"

namespace mortise::app {

Value PackageReaders::ask(std::string_view plugin, std::string_view method, const Value& input) {
  runtime::Call call;
  call.operation = runtime::Operation::call;
  call.method = method;
  call.input = input;
  return runtime_.invoke(plugin, std::move(call)).take();
}

Value PackageReaders::advisories(std::string_view ecosystem, const std::vector<std::string>& names) {
  return package::known_advisories(database_, ecosystem, names);
}

}  // namespace mortise::app
