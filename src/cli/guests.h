// Guests: words of the command line that rooms above this one bring along, as data. They are parsed, completed, printed on the
// manual page and run like all others; a link to the program under one of the names runs the words that belong to it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::cli {

struct Tools;

// What was typed for a guest's verb: options by their first long name without dashes, arguments by their name. A flag that was
// given has one empty value.
class GuestInput {
 public:
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<std::string> rest;  // of a verb that passes words on

  [[nodiscard]] bool has(std::string_view name) const { return values.contains(name); }
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const {
    const auto found = values.find(name);
    return std::string(found == values.end() || found->second.empty() ? otherwise : found->second.front());
  }
};

struct GuestOption {
  std::string names;  // "-c,--config"; for an argument "NAME"
  std::string value;  // "FILE"; empty: a flag. Unused for an argument
  std::string description;
  std::vector<std::string> choices = {};
  bool required = false;
};

struct GuestVerb {
  std::vector<std::string> words;  // {"mimolo", "monitor"}
  std::string summary, more, examples;
  std::vector<GuestOption> options = {};
  std::vector<GuestOption> arguments = {};
  bool passes_words_on = false;  // what follows is not looked at, and is in `rest`
  std::function<int(const Tools&, const GuestInput&)> run;
};

// The first word of several verbs.
struct GuestGroup {
  std::string word, summary;
  std::string otherwise = {};  // the verb that gets words that are none: `mortise GROUP hello` is `mortise GROUP run hello`
};

// `mimolo monitor` is `mortise mimolo monitor` when the program is started under that name. `reworded` may make our words of what was
// typed after the name, where the guide's program has flags of its own; `words` come before what it gives.
struct ProgramName {
  std::string name;
  std::vector<std::string> words;
  std::function<std::vector<std::string>(std::vector<std::string> typed)> reworded = {};
};

struct Guests {
  std::vector<GuestGroup> groups;
  std::vector<GuestVerb> verbs;
  std::vector<ProgramName> names;
};

}  // namespace mortise::cli
