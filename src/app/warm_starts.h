// Whether workers of a language can be forked from a zygote on this machine, found by loading one.
#pragma once

#include <string>

#include "app/settings.h"
#include "runtime/runtime.h"

namespace mortise::app {

struct WarmStarts {
  bool there = false;
  std::string found, hint;  // as the doctor says it
};
// Takes as long as the interpreter needs to load what plugins use: about 0.2 s.
[[nodiscard]] WarmStarts try_zygote(const std::string& language, const runtime::RuntimePaths& paths, const Settings& settings);

}  // namespace mortise::app
