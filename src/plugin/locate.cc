#include "plugin/locate.h"

#include <string>
#include <string_view>

namespace mortise::plugin {
namespace {

// Descends as far as the path leads. Keys may hold dots themselves, so the shortest key that exists is tried first.
Node nearest_node(Node node, std::string_view path) {
  while (!path.empty()) {
    if (path.front() == '.') path.remove_prefix(1);
    if (path.starts_with('[') && node.is(Node::Kind::list)) {
      const std::size_t end = std::min(path.find(']'), path.size() - 1);
      const std::size_t index = std::strtoull(std::string(path.substr(1, end - 1)).c_str(), nullptr, 10);
      if (index >= node.size()) return node;
      node = node.items()[index];
      path.remove_prefix(end + 1);
      continue;
    }
    if (!node.is(Node::Kind::map)) return node;
    std::size_t end = 0;
    std::optional<Node> found;
    while (!found && end < path.size()) {
      end = std::min(path.find_first_of(".[", end + 1), path.size());
      found = node.find(path.substr(0, end));
    }
    if (!found) return node;
    node = *found;
    path.remove_prefix(end);
  }
  return node;
}

}  // namespace

Error located(Error error, const Node& root) {
  if (!error.detail("line").empty()) return error;
  std::string_view path = error.detail("key");
  const std::string above = root.path();
  if (path.starts_with(above)) path.remove_prefix(above.size());
  const Node node = nearest_node(root, path);
  if (node.line() == 0) return error;
  error.with("file", node.file());
  error.with("line", std::to_string(node.line()));
  error.with("column", std::to_string(node.column()));
  return error;
}

}  // namespace mortise::plugin
