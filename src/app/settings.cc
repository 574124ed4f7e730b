#include "app/settings.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "app/settings_keys.h"
#include "base/config_tree.h"
#include "base/suggest.h"
#include "data/value_json.h"
#include "os/paths.h"

namespace mortise::app {
namespace {

// Where problems go: the first is thrown, or all are kept.
using Problem = std::function<void(const Error&)>;

template <typename Action>
void guarded(const Problem& problem, Action action) {
  try {
    action();
  } catch (const Error& error) {
    problem(error);
  }
}

// The names that may follow `prefix` ("", "server.", "server.tls.").
std::vector<std::string_view> names_below(std::string_view prefix) {
  std::vector<std::string_view> names;
  const auto add = [&](std::string_view key) {
    if (!key.starts_with(prefix)) return;
    key.remove_prefix(prefix.size());
    const std::string_view name = key.substr(0, key.find('.'));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Key& key : keys()) add(key.name);
  for (const OtherSpelling& other : other_spellings()) add(other.spelling);
  return names;
}

// ---- the file ----------------------------------------------------------------------------------------------------------

class File {
 public:
  File(const Sources& sources, Configuration& made, const Problem& problem)
      : folder_(os::parent_of(sources.file)), made_(made), problem_(problem) {}

  void read(const Node& map, const std::string& prefix) {
    const std::vector<std::string_view> known = names_below(prefix);
    if (!map.is(Node::Kind::map)) throw map.expected("a map");
    guarded(problem_, [&] { map.forbid_unknown(known); });
    for (const auto& [name, node] : map.members()) {
      if (std::find(known.begin(), known.end(), name) == known.end()) continue;
      guarded(problem_, [&, &name = name, &node = node] { read_member(prefix + name, node); });
    }
  }

 private:
  void read_member(const std::string& name, const Node& node) {
    if (node.is_null()) return;
    const Key* key = find_key(name);
    if (key == nullptr) return read(node, name + ".");
    key->read(node, folder_, made_.settings);
    made_.origins[std::string(key->name)] = {
        Origin::Source::file, node.file() + ":" + std::to_string(node.line()) + ":" + std::to_string(node.column())};
  }

  const std::string folder_;
  Configuration& made_;
  const Problem& problem_;
};

void read_file(const Sources& sources, Configuration& made, const Problem& problem) {
  if (sources.file.empty()) return;
  guarded(problem, [&] {
    const Node file = read_config(sources.file);
    if (file.is_null()) return;
    expand_environment(
        file,
        [&](const std::string& name) -> std::optional<std::string> {
          for (const auto& [variable, value] : sources.environment) {
            if (variable == name) return value;
          }
          return std::nullopt;
        },
        [&](const std::string& secret) { made.secrets.push_back(secret); });
    File(sources, made, problem).read(file, "");
  });
}

// ---- environment and command line ------------------------------------------------------------------------------------------

std::string_view without(std::string_view text, char left, char right) {
  const bool wrapped = text.size() >= 2 && text.front() == left && text.back() == right;
  return wrapped ? text.substr(1, text.size() - 2) : text;
}

// What stands between commas; ["a", "b"], as a file has it, is the same as a,b.
std::vector<std::string> split(std::string_view text) {
  const std::string_view inside = without(text, '[', ']');
  const bool as_in_a_file = inside.size() != text.size();
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= inside.size();) {
    const std::size_t comma = std::min(inside.find(',', begin), inside.size());
    std::string_view part = inside.substr(begin, comma - begin);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    part.remove_suffix(part.size() - (part.find_last_not_of(' ') + 1));
    if (as_in_a_file) part = without(without(part, '"', '"'), '\'', '\'');
    if (!part.empty()) parts.emplace_back(part);
    begin = comma + 1;
  }
  return parts;
}

// A scalar as a configuration file would have it: 9000 is a number, `a: b` a text.
std::string scalar_text(const std::string& text) {
  const bool word = text == "true" || text == "false";
  const bool digits = !text.empty() && text.find_first_not_of("0123456789.-") == std::string::npos;
  if (!word && !digits) return data::to_json(Value(text));
  try {
    (void)parse_json_config(text, "");
    return text;
  } catch (const Error&) {  // "1.2.3.4"
    return data::to_json(Value(text));
  }
}

// The value in the place that it would have in a file, so that errors name its key.
std::string document(const Key& key, const std::vector<std::string>& values) {
  std::string inner;
  if (key.shape == Key::Shape::one) {
    inner = scalar_text(values.empty() ? "" : values.back());
  } else if (key.shape == Key::Shape::list) {
    for (const std::string& value : values) {
      for (const std::string& part : split(value)) inner += (inner.empty() ? "" : ",") + scalar_text(part);
    }
    inner = "[" + inner + "]";
  } else {
    for (const std::string& value : values) {
      for (const std::string& part : split(value)) {
        const std::size_t equals = part.find('=');
        if (equals == std::string::npos) {
          throw Error(Code::invalid, std::string(key.name) + ": expected NAME=VALUE, got '" + part + "'",
                      "write NAME=VALUE,NAME=VALUE")
              .with("key", std::string(key.name))
              .with("got", part);
        }
        inner += (inner.empty() ? "" : ",") + data::to_json(Value(part.substr(0, equals))) + ":" +
                 scalar_text(part.substr(equals + 1));
      }
    }
    inner = "{" + inner + "}";
  }
  std::string_view rest = key.name;
  std::string before, after;
  for (std::size_t dot = 0; dot != std::string_view::npos;) {
    dot = rest.find('.');
    before += "{\"" + std::string(rest.substr(0, dot)) + "\":";
    after += "}";
    if (dot != std::string_view::npos) rest.remove_prefix(dot + 1);
  }
  return before + inner + after;
}

// Lines and columns mean nothing to somebody who set a variable.
Error placed(const Error& error, const std::string& place) {
  Error told(error.code(), error.what(), error.hint());
  for (const auto& [name, value] : error.details()) {
    if (name != "line" && name != "column" && name != "file") told.with(name, value);
  }
  return told.with("file", place);
}

void put(const Key& key, const std::vector<std::string>& values, const std::string& folder, const Origin& origin,
         Configuration& made) {
  try {
    Node node = parse_json_config(document(key, values), origin.place);
    for (std::string_view rest = key.name; !rest.empty();) {
      const std::size_t dot = rest.find('.');
      node = node.at(rest.substr(0, dot));
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    }
    key.read(node, folder, made.settings);
    made.origins[std::string(key.name)] = origin;
  } catch (const Error& error) {
    throw placed(error, origin.place);
  }
}

// Variables that begin like a key but are none are mistakes; others (MORTISE_ONCE) belong to somebody else.
bool looks_like_a_key(const std::string& variable) {
  for (const Key& key : keys()) {
    const std::size_t dot = key.name.find('.');
    if (dot != std::string_view::npos && variable.starts_with(variable_of(key.name.substr(0, dot)) + "_")) return true;
  }
  return false;
}

Error unknown_variable(const std::string& variable) {
  std::vector<std::string> names;
  for (const Key& key : keys()) names.push_back(variable_of(key.name));
  const auto near = nearest(variable, {names.begin(), names.end()});
  return Error(Code::invalid, "the environment variable " + variable + " is no key of the configuration",
               near ? "did you mean " + *near + "?" : "`mortise config keys` lists them")
      .with("key", variable);
}

void read_environment(const Sources& sources, Configuration& made, const Problem& problem) {
  std::set<std::string> known;
  for (const Key& key : keys()) known.insert(variable_of(key.name));
  for (const auto& [variable, value] : sources.environment) {
    if (!variable.starts_with("MORTISE_") || value.empty()) continue;
    if (!known.contains(variable)) {
      if (looks_like_a_key(variable)) problem(unknown_variable(variable));
      continue;
    }
    for (const Key& key : keys()) {
      if (variable_of(key.name) != variable) continue;
      guarded(problem, [&, &variable = variable, &value = value] {
        put(key, {value}, sources.folder, {Origin::Source::environment, variable}, made);
      });
    }
  }
}

void read_overrides(const Sources& sources, Configuration& made, const Problem& problem) {
  for (const Override& given : sources.overrides) {
    const Key* key = find_key(given.key);
    if (key == nullptr) {
      std::vector<std::string_view> names;
      for (const Key& each : keys()) names.push_back(each.name);
      const auto near = nearest(given.key, names);
      problem(Error(Code::invalid, "'" + given.key + "' is no key of the configuration",
                    near ? "did you mean '" + *near + "'?" : "`mortise config keys` lists them")
                  .with("key", given.key));
      continue;
    }
    guarded(problem, [&] {
      put(*key, given.values, sources.folder, {Origin::Source::command_line, given.option}, made);
    });
  }
}

// What is wrong only together.
void check_whole(const Settings& settings, const Problem& problem) {
  if (settings.server.certificate.empty() != settings.server.key.empty()) {
    const std::string there = settings.server.key.empty() ? "server.tls.certificate" : "server.tls.key";
    const std::string missing = settings.server.key.empty() ? "server.tls.key" : "server.tls.certificate";
    problem(Error(Code::invalid, there + " is set and " + missing + " is not", "TLS needs both files")
                .with("key", missing));
  }
}

Configuration read_with(const Sources& sources, const Problem& problem) {
  Configuration made;
  made.settings = default_settings(sources.file.empty() ? sources.folder : os::parent_of(sources.file));
  read_file(sources, made, problem);
  read_environment(sources, made, problem);
  read_overrides(sources, made, problem);
  check_whole(made.settings, problem);
  return made;
}

}  // namespace

std::string_view name_of(Origin::Source source) noexcept {
  switch (source) {
    case Origin::Source::standard: return "default";
    case Origin::Source::file: return "file";
    case Origin::Source::environment: return "environment";
    case Origin::Source::command_line: return "command line";
  }
  return "default";
}

std::vector<std::pair<std::string, std::string>> own_environment() {
  std::vector<std::pair<std::string, std::string>> all;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) all.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

Configuration read_configuration(const Sources& sources) {
  return read_with(sources, [](const Error& error) { throw error; });
}

std::vector<Error> problems_of(const Sources& sources) {
  std::vector<Error> problems;
  (void)read_with(sources, [&](const Error& error) { problems.push_back(error); });
  return problems;
}

}  // namespace mortise::app
