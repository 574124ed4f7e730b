// The tables of what operators decided about plugins: permissions, limits, trust. Values only; plugin/grants.h knows what
// they mean.
#pragma once

#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

// `topic` is "permission", "limit" or "trust"; `name` the permission, the limit, or empty.
struct GrantRow {
  std::string plugin, topic, name, value, by;
  Time when{};
};

class GrantStore {
 public:
  explicit GrantStore(Connection& connection) : connection_(connection) {}

  void put(const GrantRow& row);  // replaces the row of the same plugin, topic and name
  void remove(const std::string& plugin, const std::string& topic, const std::string& name);
  // Those whose name begins with `start`.
  void remove_below(const std::string& plugin, const std::string& topic, const std::string& start);
  void remove_all(const std::string& plugin);
  [[nodiscard]] std::vector<GrantRow> list();  // by plugin, topic and name

 private:
  Connection& connection_;
};

}  // namespace mortise::store
