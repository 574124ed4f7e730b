#include "app/package_workshop.h"

#include "runtime/runtime.h"

namespace mortise::app {

Value PackageWorkshop::ask(std::string_view plugin, std::string_view method, const Value& input) {
  runtime::Call call;
  call.operation = runtime::Operation::call;
  call.method = method;
  call.input = input;
  return runtime_.invoke(plugin, std::move(call)).take();
}

}  // namespace mortise::app
