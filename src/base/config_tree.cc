#include "base/config_tree.h"

#include <algorithm>
#include <cmath>

#include "base/config_store.h"
#include "base/config_units.h"
#include "base/json_text.h"
#include "base/suggest.h"
#include "base/utf8.h"

namespace mortise {

using config::Entry;
using config::Tree;

namespace {

const Entry& entry_of(const Node& node) noexcept { return Tree::of(node).entries[Tree::index_of(node)]; }

std::string quoted(std::string_view text) {
  constexpr std::size_t longest_shown = 80;
  std::string shown;
  append_json_string(shown, utf8_prefix(text, longest_shown));
  return text.size() > longest_shown ? shown + "..." : shown;
}

std::string counted(std::size_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

// What stands there, for errors. A value from the environment may be a secret: its ${NAME} is shown.
std::string shown(const Entry& entry) {
  if (entry.from_environment) return "the value of " + quoted(entry.written);
  switch (entry.value.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::string: return quoted(entry.text);
    case Node::Kind::list: return "a list of " + counted(entry.children.size(), "item");
    case Node::Kind::map: return "a map of " + counted(entry.children.size(), "key");
    default: return entry.text;
  }
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

}  // namespace

Node::Node() : Node(config::Builder({}, {}).finish()) {}

Node::Kind Node::kind() const noexcept { return entry_of(*this).value.kind; }
const std::string& Node::file() const noexcept { return tree_->file; }
std::uint32_t Node::line() const noexcept { return entry_of(*this).place.line; }
std::uint32_t Node::column() const noexcept { return entry_of(*this).place.column; }
std::string Node::path() const { return tree_->path_of(index_); }
const std::string& Node::text() const noexcept { return entry_of(*this).text; }

// ---- errors ----------------------------------------------------------------------------------------------------------

Error Node::problem(std::string_view message, std::string hint) const {
  const std::string where = config::shortened(path());
  Error error(Code::invalid, where.empty() ? std::string(message) : where + ": " + std::string(message),
              std::move(hint));
  if (!file().empty()) error.with("file", file());
  if (line() != 0) error.with("line", std::to_string(line())).with("column", std::to_string(column()));
  if (!where.empty()) error.with("key", where);
  return error;
}

Error Node::expected(std::string_view what, std::string hint) const {
  const std::string got = shown(entry_of(*this));
  return problem("expected " + std::string(what) + ", got " + got, std::move(hint))
      .with("expected", std::string(what))
      .with("got", got);
}

// ---- scalars ---------------------------------------------------------------------------------------------------------

bool Node::as_bool() const {
  if (!is(Kind::boolean)) throw expected("true or false");
  return entry_of(*this).value.boolean;
}

std::int64_t Node::as_int64(std::int64_t least, std::int64_t most) const {
  if (!is(Kind::integer)) throw expected("an integer");
  const std::int64_t value = entry_of(*this).value.integer;
  if (value >= least && value <= most) return value;
  if (most == std::numeric_limits<std::int64_t>::max())
    throw expected("an integer of at least " + std::to_string(least));
  if (least == std::numeric_limits<std::int64_t>::min())
    throw expected("an integer of at most " + std::to_string(most));
  throw expected("an integer from " + std::to_string(least) + " to " + std::to_string(most));
}

double Node::as_float64() const {
  if (is(Kind::integer)) return static_cast<double>(entry_of(*this).value.integer);
  if (!is(Kind::number)) throw expected("a number");
  return entry_of(*this).value.number;
}

std::string Node::as_string() const {
  if (is(Kind::string)) return text();
  const bool forgot_quotes = is(Kind::boolean) || is(Kind::integer) || is(Kind::number);
  throw expected("a string", forgot_quotes ? "write it in quotes" : "");
}

std::string Node::as_text() const {
  if (is(Kind::null) || is(Kind::list) || is(Kind::map)) throw expected("a string");
  return text();
}

std::chrono::nanoseconds Node::as_duration() const {
  constexpr std::string_view what = "a duration such as 250ms, 1.5s or 2m (or a number of seconds)";
  std::optional<std::chrono::nanoseconds> duration;
  if (is(Kind::integer) || is(Kind::number)) duration = config::duration_of_seconds(as_float64());
  if (is(Kind::string)) duration = config::parse_duration(text());
  if (!duration) throw expected(what);
  return *duration;
}

std::uint64_t Node::as_size() const {
  std::optional<std::uint64_t> size;
  if (is(Kind::integer) && entry_of(*this).value.integer >= 0)
    size = static_cast<std::uint64_t>(entry_of(*this).value.integer);
  if (is(Kind::string)) size = config::parse_size(text());
  if (!size) throw expected("a size such as 512 MiB or 2 GB (or a number of bytes)");
  return *size;
}

// ---- lists and maps --------------------------------------------------------------------------------------------------

std::size_t Node::size() const noexcept { return entry_of(*this).children.size(); }

std::vector<Node> Node::items() const {
  if (!is(Kind::list)) throw expected("a list");
  std::vector<Node> items;
  items.reserve(size());
  for (const std::uint32_t child : entry_of(*this).children) items.push_back(Node(tree_, child));
  return items;
}

std::vector<std::string> Node::as_strings() const {
  std::vector<std::string> strings;
  for (const Node& item : items()) strings.push_back(item.as_string());
  return strings;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  if (!is(Kind::map)) throw expected("a map");
  std::vector<std::pair<std::string, Node>> members;
  members.reserve(size());
  for (const std::uint32_t child : entry_of(*this).children) {
    members.emplace_back(tree_->entries[child].key, Node(tree_, child));
  }
  return members;
}

std::optional<Node> Node::find(std::string_view key) const {
  if (!is(Kind::map)) throw expected("a map");
  for (const std::uint32_t child : entry_of(*this).children) {
    if (tree_->entries[child].key == key) return Node(tree_, child);
  }
  return std::nullopt;
}

Node Node::at(std::string_view key) const {
  if (const auto found = find(key)) return *found;
  std::string missing = path();
  config::append_key(missing, key);
  missing = config::shortened(std::move(missing));
  Error error(Code::invalid, missing + ": is missing", "add the key '" + std::string(key) + "'");
  if (!file().empty()) error.with("file", file());
  if (line() != 0) error.with("line", std::to_string(line())).with("column", std::to_string(column()));
  throw std::move(error).with("key", missing).with("expected", std::string(key)).with("got", "nothing");
}

bool Node::bool_or(std::string_view key, bool other) const {
  const auto found = find(key);
  return found ? found->as_bool() : other;
}
std::int64_t Node::int64_or(std::string_view key, std::int64_t other) const {
  const auto found = find(key);
  return found ? found->as_int64() : other;
}
double Node::float64_or(std::string_view key, double other) const {
  const auto found = find(key);
  return found ? found->as_float64() : other;
}
std::string Node::string_or(std::string_view key, std::string other) const {
  const auto found = find(key);
  return found ? found->as_string() : std::move(other);
}
std::chrono::nanoseconds Node::duration_or(std::string_view key, std::chrono::nanoseconds other) const {
  const auto found = find(key);
  return found ? found->as_duration() : other;
}

void Node::forbid_unknown(std::initializer_list<std::string_view> known) const {
  forbid_unknown(std::vector<std::string_view>(known));
}

void Node::forbid_unknown(const std::vector<std::string_view>& known) const {
  if (!is(Kind::map)) throw expected("a map");
  for (const std::uint32_t child : entry_of(*this).children) {
    const Entry& member = tree_->entries[child];
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    const std::string path = config::shortened(tree_->path_of(child));
    const auto meant = nearest(member.key, known);
    Error error(Code::invalid, path + ": unknown key" + (meant ? "; did you mean '" + *meant + "'?" : ""),
                known.empty() ? "no keys are known here" : "known here: " + joined(known));
    if (!file().empty()) error.with("file", file());
    error.with("line", std::to_string(member.key_place.line)).with("column", std::to_string(member.key_place.column));
    throw std::move(error).with("key", path).with("expected", joined(known)).with("got", member.key);
  }
}

Value to_value(const Node& node) {
  const Entry& entry = entry_of(node);
  switch (entry.value.kind) {
    case Node::Kind::null: return nullptr;
    case Node::Kind::boolean: return entry.value.boolean;
    case Node::Kind::integer: return entry.value.integer;
    case Node::Kind::number: return entry.value.number;
    case Node::Kind::string: return entry.text;
    case Node::Kind::list: {
      Value list = Value::list();
      for (const Node& item : node.items()) list.push_back(to_value(item));
      return list;
    }
    case Node::Kind::map: {
      Value map = Value::map();
      for (const auto& [key, member] : node.members()) map.append(key, to_value(member));
      return map;
    }
  }
  return nullptr;
}

}  // namespace mortise
