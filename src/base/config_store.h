// Inside the configuration tree: how it is stored, and the Builder through which all three parsers make it.
//
// Not for other rooms; they see Node. The entries lie in one vector and point at each other by index, so that copies of a
// Node share the tree and a path is found by climbing to the parent instead of being kept per node.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config_tree.h"

namespace mortise::config {

struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct Scalar {
  Node::Kind kind = Node::Kind::null;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
};

constexpr std::uint32_t nobody = 0xFFFFFFFF;

struct Entry {
  Scalar value;
  bool unquoted = false;          // a plain YAML scalar: its type follows from its text
  bool from_environment = false;  // `text` was substituted; `written` is what stands in the file
  Place place;
  Place key_place;
  std::uint32_t parent = nobody;
  std::uint32_t position = 0;  // in a list
  std::string key;             // in a map
  std::string text;
  std::string written;
  std::vector<std::uint32_t> children;
};

struct Tree {
  std::string file;
  std::vector<Entry> entries;

  [[nodiscard]] std::string path_of(std::uint32_t index) const;
  [[nodiscard]] static Tree& of(const Node& node) noexcept { return *node.tree_; }
  [[nodiscard]] static std::uint32_t index_of(const Node& node) noexcept { return node.index_; }
  [[nodiscard]] static Node handle(std::shared_ptr<Tree> tree, std::uint32_t index) {
    return Node(std::move(tree), index);
  }
};

// The path of a member: "steps" + "config" is "steps.config"; odd keys are quoted: `steps["a.b"]`.
void append_key(std::string& path, std::string_view key);
// A path as errors show it: its middle left out where it is very long.
[[nodiscard]] std::string shortened(std::string path);

// Takes the events of a parser in document order, keeps every limit, and refuses duplicate keys. The caller checks nothing
// but its own grammar; a parser that recurses calls begin_* before it goes down and so never goes too deep.
class Builder {
 public:
  // `language` is how errors name the grammar: "YAML".
  Builder(std::string file, std::string language);

  std::uint32_t begin_list(Place place) { return begin(Node::Kind::list, place); }
  std::uint32_t begin_map(Place place) { return begin(Node::Kind::map, place); }
  void end() { open_.pop_back(); }
  void key(std::string key, Place place);
  std::uint32_t scalar(const Scalar& value, std::string text, Place place, bool unquoted = false);
  // A copy of an earlier, complete subtree, within the budget for aliases.
  void copy(std::uint32_t source, Place place);
  // Moves the members of a subtree into the open map, except those whose keys it has already.
  void merge_members_of(std::uint32_t source);
  // Forgets a member of the open map.
  void drop_member(std::uint32_t member);

  [[nodiscard]] bool expects_key() const noexcept;
  [[nodiscard]] bool is_open(std::uint32_t index) const noexcept;
  // The innermost list or map that is not closed yet; nobody at the top.
  [[nodiscard]] std::uint32_t innermost() const noexcept { return open_.empty() ? nobody : open_.back().index; }
  [[nodiscard]] const Entry& entry(std::uint32_t index) const noexcept { return tree_->entries[index]; }
  [[nodiscard]] const std::string& pending_key() const noexcept { return open_.back().key; }
  [[nodiscard]] Place pending_key_place() const noexcept { return open_.back().key_place; }

  // Error{invalid} "MESSAGE" with file, line, column, key, expected and got.
  [[nodiscard]] Error problem(Place place, const std::string& message, std::string hint = {}) const;
  // "not valid YAML: MESSAGE".
  [[nodiscard]] Error syntax(Place place, const std::string& message, std::string hint = {}) const;

  // The finished tree; a null node when there was nothing.
  [[nodiscard]] Node finish();

 private:
  struct Open {
    std::uint32_t index;
    std::map<std::string, std::uint32_t, std::less<>> keys;  // of a map: key to its line
    std::string key;                                         // the one whose value comes next
    Place key_place;
    bool has_key = false;
  };

  std::uint32_t begin(Node::Kind kind, Place place);
  std::uint32_t add(Entry entry);
  void copy_into(std::uint32_t source, std::uint32_t parent, std::size_t depth, Place place);
  void charge_alias(const Entry& copy, std::size_t depth, Place place);
  void require_depth(Place place) const;
  void require_room(Place place) const;
  [[nodiscard]] std::string open_path() const;

  std::shared_ptr<Tree> tree_;
  std::string language_;
  std::vector<Open> open_;
  std::size_t aliased_nodes_ = 0;
  std::size_t aliased_bytes_ = 0;
};

}  // namespace mortise::config
