#include <algorithm>

#include "base/config_store.h"
#include "base/json_text.h"
#include "base/utf8.h"

namespace mortise::config {
namespace {

bool is_plain_key(std::string_view key) noexcept {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

}  // namespace

void append_key(std::string& path, std::string_view key) {
  if (is_plain_key(key)) {
    if (!path.empty()) path += '.';
    path += key;
  } else {
    path += '[';
    append_json_string(path, key);
    path += ']';
  }
}

std::string shortened(std::string path) {
  constexpr std::size_t longest = 200;
  if (path.size() <= longest) return path;
  const std::string_view head = utf8_prefix(path, longest / 2);
  std::string_view tail = std::string_view(path).substr(path.size() - longest / 2);
  while (!tail.empty() && static_cast<unsigned char>(tail.front()) >> 6U == 2) tail.remove_prefix(1);
  return std::string(head) + "..." + std::string(tail);
}

std::string Tree::path_of(std::uint32_t index) const {
  std::vector<std::uint32_t> way;
  for (; entries[index].parent != nobody; index = entries[index].parent) way.push_back(index);
  std::string path;
  for (auto step = way.rbegin(); step != way.rend(); ++step) {
    const Entry& entry = entries[*step];
    if (entries[entry.parent].value.kind == Node::Kind::list) {
      path += "[" + std::to_string(entry.position) + "]";
    } else {
      append_key(path, entry.key);
    }
  }
  return path;
}

Builder::Builder(std::string file, std::string language)
    : tree_(std::make_shared<Tree>()), language_(std::move(language)) {
  tree_->file = std::move(file);
}

std::uint32_t Builder::begin(Node::Kind kind, Place place) {
  require_depth(place);
  Entry entry;
  entry.value.kind = kind;
  entry.place = place;
  const std::uint32_t index = add(std::move(entry));
  open_.push_back(Open{index, {}, {}, {}, false});
  return index;
}

std::uint32_t Builder::scalar(const Scalar& value, std::string text, Place place, bool unquoted) {
  require_depth(place);
  Entry entry;
  entry.value = value;
  entry.text = std::move(text);
  entry.place = place;
  entry.unquoted = unquoted;
  return add(std::move(entry));
}

void Builder::require_depth(Place place) const {
  if (open_.size() < config_limits::depth) return;
  throw problem(place, "nested deeper than " + std::to_string(config_limits::depth) + " levels",
                "flatten the structure");
}

std::uint32_t Builder::add(Entry entry) {
  require_room(entry.place);
  const auto index = static_cast<std::uint32_t>(tree_->entries.size());
  if (!open_.empty()) {
    Open& open = open_.back();
    Entry& parent = tree_->entries[open.index];
    entry.parent = open.index;
    entry.position = static_cast<std::uint32_t>(parent.children.size());
    entry.key = std::move(open.key);
    entry.key_place = open.key_place;
    open.has_key = false;
    open.key.clear();
    parent.children.push_back(index);
  }
  tree_->entries.push_back(std::move(entry));
  return index;
}

bool Builder::expects_key() const noexcept {
  return !open_.empty() && !open_.back().has_key && entry(open_.back().index).value.kind == Node::Kind::map;
}

bool Builder::is_open(std::uint32_t index) const noexcept {
  return std::any_of(open_.begin(), open_.end(), [&](const Open& open) { return open.index == index; });
}

void Builder::key(std::string key, Place place) {
  Open& open = open_.back();
  const auto [first, fresh] = open.keys.try_emplace(key, place.line);
  open.key = std::move(key);
  open.key_place = place;
  open.has_key = true;
  if (!fresh) {
    throw problem(place, "duplicate key; it is already there in line " + std::to_string(first->second),
                  "keep one of the two")
        .with("expected", "each key once")
        .with("got", open.key);
  }
}

void Builder::copy(std::uint32_t source, Place place) {
  Entry copy = entry(source);  // by value: the vector grows below
  const std::vector<std::uint32_t> children = std::exchange(copy.children, {});
  charge_alias(copy, open_.size() + 1, place);
  const std::uint32_t index = add(std::move(copy));
  for (const std::uint32_t child : children) copy_into(child, index, open_.size() + 2, place);
}

void Builder::copy_into(std::uint32_t source, std::uint32_t parent, std::size_t depth, Place place) {
  Entry copy = entry(source);
  const std::vector<std::uint32_t> children = std::exchange(copy.children, {});
  copy.parent = parent;
  charge_alias(copy, depth, place);
  const auto index = static_cast<std::uint32_t>(tree_->entries.size());
  tree_->entries.push_back(std::move(copy));
  tree_->entries[parent].children.push_back(index);
  for (const std::uint32_t child : children) copy_into(child, index, depth + 1, place);
}

void Builder::charge_alias(const Entry& copy, std::size_t depth, Place place) {
  aliased_bytes_ += copy.text.size() + copy.key.size();
  ++aliased_nodes_;
  if (depth > config_limits::depth) {
    throw problem(place, "nested deeper than " + std::to_string(config_limits::depth) + " levels by aliases");
  }
  if (aliased_nodes_ > config_limits::aliased_nodes || aliased_bytes_ > config_limits::aliased_bytes) {
    throw problem(place,
                  "the aliases expand to more than " + std::to_string(config_limits::aliased_nodes) + " values or " +
                      std::to_string(config_limits::aliased_bytes >> 20U) + " MiB",
                  "write fewer aliases of aliases");
  }
  require_room(place);
}

void Builder::require_room(Place place) const {
  if (tree_->entries.size() < config_limits::nodes) return;
  throw problem(place, "more than " + std::to_string(config_limits::nodes) + " values in one file",
                "data belongs into a data file that a plugin reads");
}

void Builder::merge_members_of(std::uint32_t source) {
  Open& open = open_.back();
  const std::vector<std::uint32_t> members = entry(source).children;
  for (const std::uint32_t member : members) {
    Entry& moved = tree_->entries[member];
    if (!open.keys.try_emplace(moved.key, moved.key_place.line).second) continue;
    moved.parent = open.index;
    tree_->entries[open.index].children.push_back(member);
  }
}

void Builder::drop_member(std::uint32_t member) {
  Open& open = open_.back();
  std::erase(tree_->entries[open.index].children, member);
  open.keys.erase(tree_->entries[member].key);
}

std::string Builder::open_path() const {
  if (open_.empty()) return {};
  std::string path = tree_->path_of(open_.back().index);
  if (open_.back().has_key) append_key(path, open_.back().key);
  return shortened(std::move(path));
}

Error Builder::problem(Place place, const std::string& message, std::string hint) const {
  const std::string path = open_path();
  Error error(Code::invalid, path.empty() ? message : path + ": " + message, std::move(hint));
  error.with("file", tree_->file);
  if (place.line != 0) error.with("line", std::to_string(place.line)).with("column", std::to_string(place.column));
  if (!path.empty()) error.with("key", path);
  return error;
}

Error Builder::syntax(Place place, const std::string& message, std::string hint) const {
  Error error(Code::invalid, "not valid " + language_ + ": " + message, std::move(hint));
  error.with("file", tree_->file);
  if (place.line != 0) error.with("line", std::to_string(place.line)).with("column", std::to_string(place.column));
  if (const std::string path = open_path(); !path.empty()) error.with("key", path);
  return error;
}

Node Builder::finish() {
  if (tree_->entries.empty()) tree_->entries.emplace_back();
  return Tree::handle(tree_, 0);
}

}  // namespace mortise::config
