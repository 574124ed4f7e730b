// What an installer left behind, before workers see it.
#pragma once

#include <cstdint>
#include <string>

namespace mortise::environments {

// Workers may run as somebody else: they read and enter, and nobody writes; no file keeps a set-user-id bit. Throws Error{denied} for
// what is neither a file, a folder, nor a link that stays inside. The folder's size in bytes.
std::uint64_t open_to_readers(const std::string& folder);

}  // namespace mortise::environments
