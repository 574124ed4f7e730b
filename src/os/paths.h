// Where things of a user belong (XDG base directories), and path text.
#pragma once

#include <string>
#include <string_view>

namespace mortise::os {

// $XDG_CONFIG_HOME/mortise, else ~/.config/mortise; likewise for the others. Relative values in the environment are
// ignored, as the specification says. Nothing is created.
[[nodiscard]] std::string config_home();
[[nodiscard]] std::string data_home();
[[nodiscard]] std::string cache_home();
[[nodiscard]] std::string state_home();
// $XDG_RUNTIME_DIR/mortise, else a folder of this user below /tmp.
[[nodiscard]] std::string runtime_directory();

// $HOME, else the password file's, else "/".
[[nodiscard]] std::string home();

// a/b: one slash between, `b` alone when it is absolute.
[[nodiscard]] std::string join(std::string_view a, std::string_view b);
// The path made absolute and cleaned of "." and "..", as text: links are not followed and nothing needs to exist.
[[nodiscard]] std::string absolute(std::string_view path);
[[nodiscard]] std::string parent_of(std::string_view path);
// True when `path` is `folder` or below it; both absolute and clean.
[[nodiscard]] bool is_within(std::string_view path, std::string_view folder);

}  // namespace mortise::os
