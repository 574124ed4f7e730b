// Which files a caller may name.
#pragma once

#include <string>
#include <string_view>

#include "dialects/core/surroundings.h"
#include "http/message.h"

namespace mortise::dialects::smi {

inline constexpr std::string_view plugin_folder = "/usr/local/lib/mlos/plugins";
inline constexpr std::string_view model_folder = "/var/lib/mlos/models";

// The absolute path, without links, of what a request names: as a path or a file URL ("file://./plugins/libx.so"), relative ones
// against the server's folder. Whoever is no operator names files in the server's folder, the data folder and the two above;
// anything else is Error{denied}. Error{not_found} when nothing is there, Error{unsupported} for other URLs.
[[nodiscard]] std::string place_of(std::string_view text, std::string_view key, const http::Request& request,
                                   const Surroundings& host);

}  // namespace mortise::dialects::smi
