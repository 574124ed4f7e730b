// The pieces of ConfigSchema that its sources share: how values and mistakes are worded, and the check of one value.
#pragma once

#include <string>
#include <string_view>

#include "plugin/config_schema.h"

namespace mortise::plugin::schema {

// "steps[2].config" and "path" as one path.
[[nodiscard]] std::string join(std::string_view where, std::string_view key);
// A value as a person would point at it: itself where it is short, else its kind and size.
[[nodiscard]] std::string shown(const Value& value);
[[nodiscard]] std::string with_article(std::string_view noun);
// "PATH: expected EXPECTED, got GOT", with these as details.
[[nodiscard]] Error wrong(const std::string& path, const std::string& expected, const std::string& got, std::string hint = {});

[[nodiscard]] bool has_type(const Value& value, ConfigSchema::Type type) noexcept;
// The value with the defaults of nested maps. Throws Error{invalid}; never shows a secret.
[[nodiscard]] Value checked(const ConfigSchema::Parameter& parameter, Value value, const std::string& path);

}  // namespace mortise::plugin::schema
