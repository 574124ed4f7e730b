// What a plugin's own code told about itself (inspector.h), read into descriptors: the same for every dialect that asks.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/core/surroundings.h"
#include "mortise/value.hpp"
#include "plugin/detector.h"

namespace mortise::dialects {

// Texts of a map; what is no text, or not there, is `otherwise`, or none.
[[nodiscard]] std::string text_in(const Value& map, std::string_view key, std::string_view otherwise = {});
[[nodiscard]] std::vector<std::string> texts_in(const Value& map, std::string_view key);
[[nodiscard]] Value list_of(const std::vector<std::string>& texts);

// The Python file `entry` of a folder (none: what installed packages offer), read by the adapter module `mortise_DIALECT`.
[[nodiscard]] plugin::Descriptor python_reader(const std::string& dialect, const std::string& folder, const std::string& entry,
                                               const Surroundings& host);

// Asks about a file, and hands each of the answers to `take`. What it throws, and an answer {"error": text}, becomes a problem of
// the file.
void describe(const plugin::Descriptor& reader, const Surroundings& host, std::vector<plugin::Problem>& problems,
              const std::function<void(const Value& told)>& take);

// A version in one of the forms that people write: 1.2 is 1.2.0. Whether it was one; else it is 0.0.0.
bool set_version(plugin::Descriptor& plugin, const std::string& text);

// "PLACE: there is no such plugin; did you mean NEAR?"
[[nodiscard]] std::string no_such_plugin(const std::string& place, std::string_view name, const std::vector<std::string_view>& known);

[[nodiscard]] Value shown(const std::vector<plugin::Problem>& problems);  // [{file, error}]

}  // namespace mortise::dialects
