// What a plugin may do, as answers say it: declared, decided, effective, and its limits.
#pragma once

#include "mortise/value.hpp"
#include "plugin/grants.h"

namespace mortise::http {

[[nodiscard]] Value permission_page(const plugin::Grants& grants, const plugin::Descriptor& descriptor);
[[nodiscard]] Value permission_page_schema();

}  // namespace mortise::http
