// Configuration as a tree whose every node knows where it was written: YAML, TOML and JSON become the same thing.
//
// A Node is a handle on one place of a shared tree (cheap to copy; it keeps the tree alive). Readers ask it for what they
// need in the type they need; the answer to a wrong file is an Error{invalid} such as
//
//   plugins.timeout: expected a number, got "abc"
//
// with the details file, line, column, key, expected and got, so nobody who reads configuration writes such texts again.
//
// What the parsers accept is narrower than what the languages allow, because files come from strangers too: UTF-8 without
// control characters, 16 MiB, 128 levels, a million nodes, no duplicate keys, string keys only. YAML is the core schema of
// YAML 1.2 (`yes`, `no` and `on` are strings, only true and false are booleans), one document, known tags only; lines of `//`
// before the first key are comments; merge keys work; aliases are expanded within a budget. TOML dates and times become strings in RFC 3339 form. JSON is RFC 8259.
// Integers keep all 64 bits; a larger one is an error, not a rounded number.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise {

namespace config_limits {
constexpr std::size_t bytes = 16U << 20U;       // of a file
constexpr std::size_t depth = 128;              // a scalar has depth 1
constexpr std::size_t nodes = 1'000'000;        // of a tree
constexpr std::size_t aliased_nodes = 100'000;  // of a tree, copied by YAML aliases and merge keys
constexpr std::size_t aliased_bytes = 16U << 20U;
}  // namespace config_limits

namespace config {
struct Tree;
}

class Node {
 public:
  enum class Kind { null, boolean, integer, number, string, list, map };

  Node();  // null, from nowhere

  [[nodiscard]] Kind kind() const noexcept;
  [[nodiscard]] bool is(Kind kind) const noexcept { return this->kind() == kind; }
  [[nodiscard]] bool is_null() const noexcept { return is(Kind::null); }

  // Where it was written: 1-based, columns in characters; 0 when unknown. An aliased node is where its anchor is.
  [[nodiscard]] const std::string& file() const noexcept;
  [[nodiscard]] std::uint32_t line() const noexcept;
  [[nodiscard]] std::uint32_t column() const noexcept;
  // "steps[2].config.path"; empty at the top.
  [[nodiscard]] std::string path() const;
  // A scalar as it was written, without quotes: "1.10" where the number would be 1.1.
  [[nodiscard]] const std::string& text() const noexcept;

  // ---- scalars; all throw Error{invalid} on anything else ----
  [[nodiscard]] bool as_bool() const;
  [[nodiscard]] std::int64_t as_int64(std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                                      std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  [[nodiscard]] double as_float64() const;  // integers too
  [[nodiscard]] std::string as_string() const;
  // Any scalar but null as it was written, for texts that authors forget to quote: version: 1.10
  [[nodiscard]] std::string as_text() const;
  // "250ms", "1.5s", "2m", "1h30m", or a number of seconds. Not negative.
  [[nodiscard]] std::chrono::nanoseconds as_duration() const;
  // "512 MiB", "2GB", or a number of bytes.
  [[nodiscard]] std::uint64_t as_size() const;

  // ---- lists and maps ----
  [[nodiscard]] std::size_t size() const noexcept;                          // 0 for scalars
  [[nodiscard]] std::vector<Node> items() const;                            // throws unless a list
  [[nodiscard]] std::vector<std::string> as_strings() const;                // a list of strings
  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const;  // throws unless a map; in the order written
  [[nodiscard]] std::optional<Node> find(std::string_view key) const;       // throws unless a map
  [[nodiscard]] bool has(std::string_view key) const { return find(key).has_value(); }
  [[nodiscard]] Node at(std::string_view key) const;  // throws "plugins: missing key 'timeout'"

  // The member's value, or the other where the map has no such key.
  [[nodiscard]] bool bool_or(std::string_view key, bool other) const;
  [[nodiscard]] std::int64_t int64_or(std::string_view key, std::int64_t other) const;
  [[nodiscard]] double float64_or(std::string_view key, double other) const;
  [[nodiscard]] std::string string_or(std::string_view key, std::string other) const;
  [[nodiscard]] std::chrono::nanoseconds duration_or(std::string_view key, std::chrono::nanoseconds other) const;

  // Throws at the first key that is not among these, with the nearest of them as a suggestion.
  void forbid_unknown(std::initializer_list<std::string_view> known) const;
  void forbid_unknown(const std::vector<std::string_view>& known) const;

  // Errors about this node for readers that check more than types: "PATH: expected WHAT, got IT", and "PATH: MESSAGE".
  [[nodiscard]] Error expected(std::string_view what, std::string hint = {}) const;
  [[nodiscard]] Error problem(std::string_view message, std::string hint = {}) const;

 private:
  friend struct config::Tree;
  Node(std::shared_ptr<config::Tree> tree, std::uint32_t index) : tree_(std::move(tree)), index_(index) {}
  [[nodiscard]] Node expect(Kind kind) const;

  std::shared_ptr<config::Tree> tree_;
  std::uint32_t index_ = 0;
};

// `file` is how errors name the text ("pipeline.yaml", "request body"). All throw Error{invalid}.
[[nodiscard]] Node parse_yaml(std::string_view text, std::string file);
[[nodiscard]] Node parse_toml(std::string_view text, std::string file);
[[nodiscard]] Node parse_json_config(std::string_view text, std::string file);

// Reads and parses by the name's ending: .yaml .yml .toml .json. Error{not_found} when there is no such file.
[[nodiscard]] Node read_config(const std::string& path);
// The two halves of it, for who keeps the text.
[[nodiscard]] std::string read_config_text(const std::string& path);
[[nodiscard]] Node parse_config(std::string_view text, const std::string& path);

// Scalars become null, bool, int64, float64 and string.
[[nodiscard]] Value to_value(const Node& node);

// Replaces ${NAME} and ${NAME:-default} in every string of the tree, in place; $${ is a literal ${. A default is taken where the
// variable is unset or empty. An unquoted YAML scalar is typed anew by its new text, as if that had been written there
// (port: ${PORT} is a number); in quotes, and in TOML and JSON, it stays a string. What was substituted is never substituted again.
//   lookup     the value of a variable, or nothing.
//   on_secret  gets every value that came from `lookup`, so that it can be kept out of logs (Redactor says which lengths it hides).
// Errors never show a substituted value, only the ${NAME} that stands in the file.
// Throws Error{invalid} that names variable, key and line when a variable without default is missing.
void expand_environment(const Node& node, const std::function<std::optional<std::string>(const std::string&)>& lookup,
                        const std::function<void(const std::string&)>& on_secret);

}  // namespace mortise
