// What `go build -buildmode=plugin` made: a library that only a program of the same Go toolchain can load, in which every package that
// both have is built from the same source. Such a program is built here, by the plugin's own toolchain, around a small package that
// opens the library (sdk/dialects/mimir/library).
#pragma once

#include <string>

namespace mortise::dialects::mimir {

[[nodiscard]] bool is_go_library(const std::string& path);

// The name of the function that opens the library, in the package that is made for it.
inline constexpr const char* opener = "Open";

// Makes that package in a folder of its own below `folder`, with a copy of the library, and gives its path. The same library has the
// same one. Throws Error.
[[nodiscard]] std::string package_for(const std::string& library, const std::string& folder);

}  // namespace mortise::dialects::mimir
