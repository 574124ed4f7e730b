#include "dialects/mimir/go_package.h"

#include <algorithm>
#include <array>
#include <optional>

#include "dialects/mimir/go_tokens.h"

namespace mortise::dialects::mimir {
namespace {

constexpr std::array<std::string_view, 4> wanted{"ExecuteStep", "GetPluginType", "GetPluginName", "ValidateConfig"};

struct Method {
  std::string file;
  std::uint32_t line = 0;
  std::vector<Token> body;
};

struct Function {
  std::string result;  // the type it returns, without "*"
  std::vector<Token> body;
};

struct Declarations {
  std::string package;
  std::map<std::string, std::map<std::string, Method>> methods;  // by type, by name
  std::map<std::string, Function> functions;                     // without parameters
  std::map<std::string, std::vector<std::string>> embedded;      // the types in a struct, by its name, whose methods are its own, too
};

// Walks over one file's tokens.
class FileReader {
 public:
  FileReader(std::string file, std::vector<Token> tokens, Declarations& found)
      : file_(std::move(file)), tokens_(std::move(tokens)), found_(found) {}

  void read() {
    if (tokens_.size() < 2 || !tokens_[0].is("package")) return;
    if (found_.package.empty()) found_.package = tokens_[1].text;
    int depth = 0;
    for (std::size_t at = 2; at < tokens_.size(); ++at) {
      const Token& token = tokens_[at];
      if (token.is("{") || token.is("(")) ++depth;
      if (token.is("}") || token.is(")")) --depth;
      if (depth == 0 && token.is("func")) at = function(at + 1) - 1;
      if (depth == 0 && token.is("type") && is_word(at + 1) && is(at + 2, "struct") && is(at + 3, "{")) at = structure(at + 1) - 1;
    }
  }

 private:
  [[nodiscard]] bool is(std::size_t at, std::string_view what) const { return at < tokens_.size() && tokens_[at].is(what); }
  [[nodiscard]] bool is_word(std::size_t at) const { return at < tokens_.size() && tokens_[at].kind == Token::Kind::word; }

  // Past the bracket that closes the one at `at`.
  [[nodiscard]] std::size_t past(std::size_t at, std::string_view open, std::string_view close) const {
    int depth = 0;
    for (; at < tokens_.size(); ++at) {
      if (tokens_[at].is(open)) ++depth;
      if (tokens_[at].is(close) && --depth == 0) return at + 1;
    }
    return at;
  }

  // After `func`: (receiver) Name(...) results {body}. Where it ends.
  std::size_t function(std::size_t at) {
    std::string receiver;
    if (is(at, "(")) {
      const std::size_t end = past(at, "(", ")");
      for (std::size_t i = at; i + 1 < end; ++i) {
        if (is_word(i)) receiver = tokens_[i].text;
        if (is(i, "[")) break;  // a generic type
      }
      at = end;
    }
    if (!is_word(at)) return at;
    const std::string name = tokens_[at].text;
    const std::uint32_t line = tokens_[at].line;
    if (!is(at + 1, "(")) return at + 1;
    const std::size_t parameters = past(at + 1, "(", ")");
    const bool takes_nothing = parameters == at + 3;
    const auto [result, open] = results(parameters);
    if (!is(open, "{")) return open;
    const std::size_t end = past(open, "{", "}");
    std::vector<Token> body(tokens_.begin() + static_cast<std::ptrdiff_t>(open), tokens_.begin() + static_cast<std::ptrdiff_t>(end));
    if (!receiver.empty()) {
      found_.methods[receiver][name] = {file_, line, std::move(body)};
    } else if (takes_nothing) {
      found_.functions[name] = {result, std::move(body)};
    }
    return end;
  }

  // At `Name struct {fields}`: a field that is a type alone, on a line of its own, is embedded. Where it ends.
  std::size_t structure(std::size_t at) {
    const std::string name = tokens_[at].text;
    const std::size_t end = past(at + 2, "{", "}");
    for (std::size_t i = at + 3; i + 1 < end; ++i) {
      const bool first = tokens_[i - 1].line != tokens_[i].line || is(i - 1, "{") || is(i - 1, ";");
      const std::size_t word = is(i, "*") ? i + 1 : i;
      const bool alone = word + 1 == end - 1 || is(word + 1, ";") || (is_word(word) && tokens_[word + 1].line != tokens_[word].line);
      if (first && is_word(word) && alone) found_.embedded[name].push_back(tokens_[word].text);
    }
    return end;
  }

  // The first result's type, and where the body opens. A body is the first brace that no `interface` or `struct` opened.
  [[nodiscard]] std::pair<std::string, std::size_t> results(std::size_t at) const {
    std::string first;
    while (at < tokens_.size()) {
      if (is(at, "{")) {
        if (!is(at - 1, "interface") && !is(at - 1, "struct")) break;
        at = past(at, "{", "}");
        continue;
      }
      if (is(at, "func")) return {first, at};  // one without a body
      if (first.empty() && is_word(at)) first = tokens_[at].text;
      ++at;
    }
    return {first, at};
  }

  const std::string file_;
  const std::vector<Token> tokens_;
  Declarations& found_;
};

// {return "text"} -> text
std::string returned_text(const Method* method) {
  if (method == nullptr) return {};
  const auto& body = method->body;
  const bool plain = body.size() == 4 && body[1].is("return") && body[2].kind == Token::Kind::text;
  const bool ended = body.size() == 5 && body[3].is(";") && body[1].is("return") && body[2].kind == Token::Kind::text;
  return plain || ended ? body[2].text : std::string();
}

// version: "1.0.0"
std::string field_text(const std::vector<Token>& body, std::string_view field) {
  for (std::size_t at = 0; at + 2 < body.size(); ++at) {
    const bool named = body[at].kind == Token::Kind::word && body[at].text == field;
    if (named && body[at + 1].is(":") && body[at + 2].kind == Token::Kind::text) return body[at + 2].text;
  }
  return {};
}

// {return []string{"a", "b"}} -> a, b; {return nil} -> none; nothing for anything else
std::optional<std::vector<std::string>> returned_texts(const std::vector<Token>& body) {
  std::vector<std::string> texts;
  if (body.size() == 4 && body[1].is("return") && body[2].is("nil")) return texts;
  if (body.size() < 8 || !body[1].is("return") || !body[2].is("[") || !body[3].is("]") || !body[4].is("string")) return std::nullopt;
  for (std::size_t at = 6; at + 2 < body.size(); ++at) {
    if (body[at].kind == Token::Kind::text) texts.push_back(body[at].text);
    else if (!body[at].is(",")) return std::nullopt;
  }
  return texts;
}

// The methods of a type with those of the types in it; its own come first.
void promote(const Declarations& all, const std::string& type, std::map<std::string, Method>& methods, int depth = 0) {
  constexpr int deepest = 4;
  const auto inner = all.embedded.find(type);
  if (inner == all.embedded.end() || depth == deepest) return;
  for (const std::string& one : inner->second) {
    if (const auto theirs = all.methods.find(one); theirs != all.methods.end()) methods.insert(theirs->second.begin(), theirs->second.end());
    promote(all, one, methods, depth + 1);
  }
}

bool is_embedded(const Declarations& all, const std::string& type) {
  return std::ranges::any_of(all.embedded, [&](const auto& entry) { return std::ranges::find(entry.second, type) != entry.second.end(); });
}

const Method* find(const std::map<std::string, Method>& methods, std::string_view name) {
  const auto found = methods.find(std::string(name));
  return found == methods.end() ? nullptr : &found->second;
}

void read_constructor(const Declarations& all, GoPlugin& plugin) {
  for (const auto& [name, function] : all.functions) {
    if (!name.starts_with("New") || (function.result != plugin.go_type && function.result != "BasePlugin")) continue;
    const bool fits_better = name == "New" + plugin.go_type;
    if (plugin.constructor.empty() || fits_better) plugin.constructor = name;
  }
  const bool exported = !plugin.go_type.empty() && plugin.go_type.front() >= 'A' && plugin.go_type.front() <= 'Z';
  if (plugin.constructor.empty() && exported) plugin.constructor = "*" + plugin.go_type;  // new(T)
  const auto found = all.functions.find(plugin.constructor);
  if (found != all.functions.end()) plugin.version = field_text(found->second.body, "version");
}

GoPlugin plugin_of(const Declarations& all, const std::string& type, const std::map<std::string, Method>& methods) {
  GoPlugin plugin;
  plugin.go_type = type;
  for (const std::string_view name : wanted) {
    const Method* method = find(methods, name);
    if (method == nullptr) {
      plugin.missing.emplace_back(name);
    } else if (plugin.file.empty()) {
      plugin.file = method->file;
      plugin.line = method->line;
    }
  }
  plugin.kind = returned_text(find(methods, "GetPluginType"));
  plugin.name = returned_text(find(methods, "GetPluginName"));
  read_constructor(all, plugin);
  if (const Method* needs = find(methods, "GetDependencies")) {
    auto texts = returned_texts(needs->body);
    plugin.asked_for_dependencies = !texts;
    if (texts) plugin.dependencies = std::move(*texts);
  }
  return plugin;
}

}  // namespace

GoPackage read_package(const std::map<std::string, std::string>& sources) {
  Declarations all;
  for (const auto& [file, text] : sources) {
    if (file.ends_with("_test.go")) continue;
    FileReader(file, go_tokens(text), all).read();
  }
  GoPackage package;
  package.name = all.package;
  for (const auto& [type, own] : all.methods) {
    std::map<std::string, Method> methods = own;
    promote(all, type, methods);
    const auto has = [&](std::string_view name) { return find(methods, name) != nullptr; };
    if (std::ranges::count_if(wanted, has) < 2 || !(has("ExecuteStep") || has("GetPluginType"))) continue;
    if (is_embedded(all, type) && !has("ExecuteStep")) continue;  // a part of others
    package.plugins.push_back(plugin_of(all, type, methods));
  }
  return package;
}

}  // namespace mortise::dialects::mimir
