// Text as one segment of a path, or one value of a query: everything but the unreserved characters is escaped.
#pragma once

#include <string>
#include <string_view>

namespace mortise::cli {

[[nodiscard]] std::string path_segment(std::string_view text);

}  // namespace mortise::cli
