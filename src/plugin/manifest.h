// Manifest: manifest.json of a package, read into a Descriptor.
//
// Everything that can be known without running the plugin is checked here, and every error names the file, the line and
// the key: the required fields, the version, the language, known extension points, the config schema, that the entry point
// is a regular file inside the folder, and that this platform is new enough. docs/manifest.md lists the keys.
#pragma once

#include <filesystem>
#include <string_view>

#include "plugin/descriptor.h"

namespace mortise::plugin {

// The version of the plugin platform, which `min_platform_version` is compared with. Not the version of the program: it
// changes with what plugins can rely on.
inline constexpr std::string_view platform_version = "1.0.0";

// Reads and checks `folder`/manifest.json and that its entry point exists. Error{not_found} "manifest.json not found in
// package", else Error{invalid}. The descriptor's folder is absolute and without links.
[[nodiscard]] Descriptor read_manifest(const std::filesystem::path& folder);

// The same from text, touching no file; `folder` of the result stays empty. `file` is the name used in errors.
[[nodiscard]] Descriptor parse_manifest(std::string_view text, std::string_view file = "manifest.json");

// Or Error{invalid}: letters, digits, '_', '-' and at most one '.', beginning with a letter, at most 128 characters.
void check_plugin_name(std::string_view name);

}  // namespace mortise::plugin
