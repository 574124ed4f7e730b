// TOML by toml++, which refuses duplicate keys itself. Its tables nest as deep as a dotted key is long and are freed by
// recursion, so depth is bounded before it reads: check_depth.
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
// Its assertions fail on texts that its own checks refuse a line later: hostile input must not end the process.
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "base/config_store.h"
#include "base/config_text.h"

namespace mortise {
namespace {

using config::Builder;
using config::Place;

Place place_of(const toml::source_region& region) noexcept {
  return {static_cast<std::uint32_t>(region.begin.line), static_cast<std::uint32_t>(region.begin.column)};
}

// Counts open brackets and the dots of keys outside of strings and comments. It need not understand more: where the text
// is not TOML, toml++ stops too.
class DepthCheck {
 public:
  DepthCheck(const config::Text& text, const Builder& builder) : whole_(text), rest_(text.all()), builder_(builder) {}

  void run() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"' || c == '\'') {
        skip_string(c);
      } else if (c == '#') {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else {
        count(c);
        rest_.remove_prefix(1);
      }
    }
  }

 private:
  void count(char c) {
    if (c == '[' || c == '{') {
      outer_.push_back(depth_);
      deeper();
    } else if ((c == ']' || c == '}') && !outer_.empty()) {
      depth_ = outer_.back();
      outer_.pop_back();
    } else if (c == '.') {
      deeper();
    } else if (c == ',' || c == '\n') {
      depth_ = outer_.empty() ? 0 : outer_.back() + 1;
    }
  }

  void deeper() {
    if (++depth_ <= config_limits::depth) return;
    throw builder_.problem(whole_.place_of(whole_.all().size() - rest_.size()),
                           "nested deeper than " + std::to_string(config_limits::depth) + " levels",
                           "flatten the structure");
  }

  void skip_string(char quote) {
    const std::string fence(3, quote);
    const bool multiline = rest_.substr(0, 3) == fence;
    rest_.remove_prefix(multiline ? 3 : 1);
    while (!rest_.empty()) {
      const bool escape = rest_.front() == '\\' && quote == '"';
      if (!escape && multiline && rest_.substr(0, 3) == fence) return skip_closing_fence(quote);
      if (!escape && !multiline && (rest_.front() == quote || rest_.front() == '\n')) return rest_.remove_prefix(1);
      rest_.remove_prefix(std::min<std::size_t>(escape ? 2 : 1, rest_.size()));
    }
  }
  // Up to two quotes may stand directly before the closing three.
  void skip_closing_fence(char quote) {
    for (int i = 0; i < 5 && !rest_.empty() && rest_.front() == quote; ++i) rest_.remove_prefix(1);
  }

  const config::Text& whole_;
  std::string_view rest_;
  const Builder& builder_;
  std::size_t depth_ = 0;
  std::vector<std::size_t> outer_;
};

template <typename T>
std::string as_rfc3339(const T& date_or_time) {
  std::ostringstream text;
  text << date_or_time;
  return std::move(text).str();
}

// Recursion is safe: DepthCheck bounded it, and the Builder bounds it again.
void add(Builder& builder, const toml::node& node, Place place);

void add_table(Builder& builder, const toml::table& table, Place place) {
  builder.begin_map(place);
  std::vector<std::pair<const toml::key*, const toml::node*>>
      members;  // toml++ sorts by name, we keep the file's order
  for (const auto& [key, node] : table) members.emplace_back(&key, &node);
  std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
    const auto& x = a.first->source().begin;
    const auto& y = b.first->source().begin;
    return x.line != y.line ? x.line < y.line : x.column < y.column;
  });
  for (const auto& [key, node] : members) {
    const Place key_place = place_of(key->source());
    builder.key(std::string(key->str()), key_place);
    const Place own = place_of(node->source());
    add(builder, *node, own.line == 0 ? key_place : own);
  }
  builder.end();
}

void add(Builder& builder, const toml::node& node, Place place) {
  const auto text_of = [](const auto& number) {
    std::ostringstream text;
    text << number;
    return std::move(text).str();
  };
  node.visit([&](const auto& it) {
    using T = std::decay_t<decltype(it)>;
    if constexpr (toml::is_table<T>) {
      add_table(builder, it, place);
    } else if constexpr (toml::is_array<T>) {
      builder.begin_list(place);
      for (const toml::node& item : it) add(builder, item, place_of(item.source()));
      builder.end();
    } else if constexpr (toml::is_string<T>) {
      builder.scalar({Node::Kind::string, false, 0, 0}, it.get(), place);
    } else if constexpr (toml::is_integer<T>) {
      builder.scalar({Node::Kind::integer, false, it.get(), 0}, std::to_string(it.get()), place);
    } else if constexpr (toml::is_floating_point<T>) {
      builder.scalar({Node::Kind::number, false, 0, it.get()}, text_of(it.get()), place);
    } else if constexpr (toml::is_boolean<T>) {
      builder.scalar({Node::Kind::boolean, it.get(), 0, 0}, it.get() ? "true" : "false", place);
    } else {
      builder.scalar({Node::Kind::string, false, 0, 0}, as_rfc3339(it.get()), place);
    }
  });
}

}  // namespace

Node parse_toml(std::string_view text, std::string file) {
  const config::Text source(text, file);
  Builder builder(std::move(file), "TOML");
  DepthCheck(source, builder).run();
  toml::table root;
  try {
    root = toml::parse(source.all());
  } catch (const toml::parse_error& problem) {
    throw builder.syntax(place_of(problem.source()), std::string(problem.description()));
  }
  add_table(builder, root, {1, 1});
  return builder.finish();
}

}  // namespace mortise
