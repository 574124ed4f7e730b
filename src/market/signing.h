// What the files of a marketplace are written and signed with. Internal to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "package/minisign.h"

namespace mortise::market {

inline constexpr std::int64_t most_roots = 10'000;

// The signature first: never a file without one.
void write_signed(const std::string& folder, const std::string& file, const std::string& text, const package::SecretKey& key, std::int64_t version);
[[nodiscard]] std::optional<std::string> read_if_there(const std::string& path, std::uint64_t limit);

}  // namespace mortise::market
