// Plays one case of a case file through the real Runtime, wherever the plugin runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expect.h"
#include "mortise/value.hpp"
#include "runtime/runtime.h"

namespace conformance {

[[nodiscard]] std::string_view name_of(Where where) noexcept;

struct Case {
  std::string name;     // "values: null crosses both ways"
  mortise::Value spec;  // one call and what is expected, as in the file
};

// The cases of one file's JSON that can be put to a host: those that send raw JSON or raw frames are for the runner alone.
[[nodiscard]] std::vector<Case> cases_of(std::string_view label, const mortise::Value& file, Where where);

// Nothing when the case holds, else what is wrong.
[[nodiscard]] Problem play(mortise::runtime::Runtime& runtime, const Case& one, Where where);

// The worker has filters for its system calls and a pid namespace that we do not have, or nothing of that; and uses this transport.
[[nodiscard]] Problem play_surroundings(mortise::runtime::Runtime& runtime, bool confined, mortise::runtime::Transport transport);

// A worker whose plugin dies at each byte of its result's frame: every outcome says so, soon, and the next call is served.
[[nodiscard]] Problem play_deaths(mortise::runtime::Runtime& runtime);

// A long table that one call made is the next one's input in the same run: nothing is copied for it.
[[nodiscard]] Problem play_chain(mortise::runtime::Runtime& runtime);

}  // namespace conformance
