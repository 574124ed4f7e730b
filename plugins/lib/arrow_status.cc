#include "lib/arrow_status.h"

#include <arrow/compute/initialize.h>

#include <string>

namespace mortise::plugins {
namespace {

Code code_of(const arrow::Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError: return Code::busy;
    case arrow::StatusCode::KeyError: return Code::not_found;
    case arrow::StatusCode::TypeError:
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::IndexError: return Code::invalid;
    case arrow::StatusCode::NotImplemented: return Code::unsupported;
    case arrow::StatusCode::Cancelled: return Code::cancelled;
    default: return Code::plugin;
  }
}

}  // namespace

Error error_from(const arrow::Status& status, std::string_view doing) {
  std::string hint;
  if (status.IsOutOfMemory()) hint = "raise limits.memory of the plugin, or work on fewer rows at once";
  return Error(code_of(status), std::string(doing) + ": " + status.message(), hint);
}

void prepare_compute() {
  static const arrow::Status done = arrow::compute::Initialize();
  check(done, "preparing Arrow's compute functions");
}

}  // namespace mortise::plugins
