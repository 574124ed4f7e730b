// What a plugin may do, as lines of `plugin show` and as the answer of the verbs that change it.
#pragma once

#include <string>

#include "mortise/value.hpp"

namespace mortise::cli {

// `access` as the HTTP API gives it. Lines of a page, indented by two.
[[nodiscard]] std::string access_text(const Value& access);

}  // namespace mortise::cli
