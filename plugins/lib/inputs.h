// Reading entries of a run's context by name, for steps with several inputs.
#pragma once

#include <string>

#include "mortise/plugin.hpp"

namespace mortise::plugins {

// Error{not_found} says which step should have made it.
[[nodiscard]] inline Value from_context(Call& call, const std::string& key) {
  if (auto value = call.context(key)) return *std::move(value);
  throw Error(Code::not_found, "the context has no '" + key + "'", "an earlier step must have it as its `output`")
      .with("key", key);
}

}  // namespace mortise::plugins
