// The command line described as data, out of the same tables that parse it: for shell completion and the manual page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/guests.h"

namespace mortise::cli {

struct Word {
  std::string name, summary, details;  // details: what stands below the options on its help page
  struct Option {
    std::vector<std::string> names;  // "--port", "-o"
    std::string value;               // "PORT"; empty: a flag
    std::string description;
    std::vector<std::string> choices;  // what its value can be, when that is a few words
  };
  std::vector<Option> options;
  std::vector<Option> arguments;  // names: {"PIPELINE"}
  std::vector<Word> words;        // below it
};

[[nodiscard]] Word program_words(const Guests& guests = {});

// What `mortise completion SHELL` prints. `shell` is bash, zsh, fish or man.
[[nodiscard]] std::string completion_for(std::string_view shell, const Word& program, const std::string& version);

}  // namespace mortise::cli
