#include "base/config_scalar.h"
#include "base/config_store.h"
#include "base/config_tree.h"

namespace mortise {
namespace {

using config::Entry;
using Lookup = std::function<std::optional<std::string>(const std::string&)>;
using Secret = std::function<void(const std::string&)>;

bool is_name(std::string_view text) noexcept {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  for (const char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!fits) return false;
  }
  return true;
}

// The end of the `${...}` at the front: braces within a default pair up.
std::size_t closing_brace(std::string_view text) noexcept {
  std::size_t open = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '{') ++open;
    if (text[at] == '}' && --open == 0) return at;
  }
  return std::string_view::npos;
}

class Expansion {
 public:
  Expansion(const Node& node, const Lookup& lookup, const Secret& on_secret)
      : node_(node), lookup_(lookup), on_secret_(on_secret) {}

  // The text with everything substituted.
  std::string run(std::string_view text) {
    std::string out;
    for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$')) {
      out += text.substr(0, at);
      text.remove_prefix(at);
      if (text.substr(0, 3) == "$${") {
        out += "${";
        text.remove_prefix(3);
      } else if (text.substr(0, 2) == "${") {
        const std::size_t end = closing_brace(text);
        if (end == std::string_view::npos)
          throw node_.problem("'${' is never closed by '}'", "write $${ for a literal ${");
        out += value_of(text.substr(2, end - 2));
        text.remove_prefix(end + 1);
      } else {
        out += '$';
        text.remove_prefix(1);
      }
    }
    return out.append(text);
  }
  [[nodiscard]] bool used_environment() const noexcept { return used_environment_; }

 private:
  std::string value_of(std::string_view inside) {
    const std::size_t colon = inside.find(":-");
    const std::string name(inside.substr(0, colon));
    if (!is_name(name)) {
      throw node_.problem("'${" + std::string(inside) + "}' does not name a variable",
                          "write ${NAME} or ${NAME:-default}, or $${ for a literal ${");
    }
    std::optional<std::string> value = lookup_(name);
    if (colon != std::string_view::npos && (!value || value->empty())) return std::string(inside.substr(colon + 2));
    if (!value) {
      throw node_
          .problem("the environment variable " + name + " is not set", "set it, or write ${" + name + ":-default}")
          .with("variable", name)
          .with("expected", "the environment variable " + name)
          .with("got", "nothing");
    }
    used_environment_ = true;
    if (!value->empty()) on_secret_(*value);
    return *std::move(value);
  }

  const Node& node_;
  const Lookup& lookup_;
  const Secret& on_secret_;
  bool used_environment_ = false;
};

}  // namespace

void expand_environment(const Node& node, const Lookup& lookup, const Secret& on_secret) {
  if (node.is(Node::Kind::list)) {
    for (const Node& item : node.items()) expand_environment(item, lookup, on_secret);
    return;
  }
  if (node.is(Node::Kind::map)) {
    for (const auto& [key, member] : node.members()) expand_environment(member, lookup, on_secret);
    return;
  }
  if (!node.is(Node::Kind::string) || node.text().find("${") == std::string::npos) return;
  Entry& entry = config::Tree::of(node).entries[config::Tree::index_of(node)];
  if (entry.from_environment) return;
  Expansion expansion(node, lookup, on_secret);
  std::string text = expansion.run(entry.text);
  entry.written = std::exchange(entry.text, std::move(text));
  entry.from_environment = expansion.used_environment();
  if (!entry.unquoted) return;
  try {
    entry.value = config::typed_scalar(entry.text);
  } catch (const Error&) {
    entry.value = config::string_scalar();  // a number too long to be one: a key of digits stays the text it is
  }
}

}  // namespace mortise
