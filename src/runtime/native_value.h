// Values that come from a plugin in this process: checked and copied before anybody else sees them.
//
// A plugin in this process is trusted not to attack, but not to be right. The tree is walked once, within depth and budget,
// and must obey every rule of values: known kinds, UTF-8, unique keys, leaves as plugin.h describes them. Then it is copied;
// leaves are retained and not copied.
#pragma once

#include <memory>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise::runtime {

inline constexpr std::uint64_t max_foreign_values = 4'000'000;  // of one tree, as in a worker's message

// Throws Error{plugin} that names the place ("outputs.rows[3]") and the rule.
void check_foreign(const mortise_value& tree);

// The checked copy. `memory`, when not null, is what the leaves may lie in: each then holds it too.
[[nodiscard]] Value adopt(const mortise_value& tree, const std::shared_ptr<const void>& memory = nullptr);

// A text from a plugin for logs and messages: bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string readable(std::string_view text);

}  // namespace mortise::runtime
