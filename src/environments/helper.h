// The helpers that know an ecosystem's installers: a script in its language, asked with a file, answering with one line.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/config_tree.h"
#include "environments/environments.h"
#include "mortise/value.hpp"

namespace mortise::environments {

struct Question {
  std::string_view language;  // "python" or "r"
  std::string_view verb;      // "resolve" or "install"
  Value request;              // a map
  std::string workplace;      // a folder that it may write to
};

// It runs confined: it sees the interpreter, the places of packages and the workplace, and has the host's network only where an index
// is to be asked. The answer's map. Throws Error: what the helper complained about, or how it ended without an answer; Error{cancelled}.
[[nodiscard]] Node ask_helper(const Log& log, const Places& places, const Options& options, const Question& question,
                              const std::atomic<bool>& cancelled);

}  // namespace mortise::environments
