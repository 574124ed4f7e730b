// JUnit XML, as servers that run tests read it.
#pragma once

#include <string>

#include "mortise/value.hpp"

namespace mortise::cli {

// `result` is what HostMaker::test_plugin gives.
[[nodiscard]] std::string junit_text(const Value& result);

}  // namespace mortise::cli
