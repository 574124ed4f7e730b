// Looks at an address without touching it: the kernel is asked to read there, and says so when it cannot.
//
// For pointers that come out of a library nobody here knows, before anything is believed about what they point at.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace mortise::smi {

[[nodiscard]] bool readable(const void* address, std::size_t size) noexcept;
// Whether code can be there.
[[nodiscard]] bool executable(const void* address);
// The text that begins there, up to its NUL; nothing when that is not readable or longer than `most`.
[[nodiscard]] std::optional<std::string> text_at(const char* address, std::size_t most = 1024);

}  // namespace mortise::smi
