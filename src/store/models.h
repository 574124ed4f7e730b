// The table of models, as types. What they mean is known to src/models; here they are stored and found.
#pragma once

#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

struct ModelRow {
  std::string id, plugin, name, framework, format, path, version, description, origin;
  std::string details;  // JSON
  Time created;
};

class ModelStore {
 public:
  explicit ModelStore(Connection& connection) : connection_(connection) {}

  void put(const ModelRow& model);  // replaces the one with this id
  [[nodiscard]] bool remove(const std::string& id);
  [[nodiscard]] std::vector<ModelRow> list();  // by id

 private:
  Connection& connection_;
};

// Plugins that somebody registered by hand, wherever their files are.
struct RegistrationRow {
  std::string id, dialect, location;
  std::string details;  // JSON, the dialect's own
  Time created;
};

class RegistrationStore {
 public:
  explicit RegistrationStore(Connection& connection) : connection_(connection) {}

  void put(const RegistrationRow& registration);  // replaces the one with this id
  [[nodiscard]] bool remove(const std::string& id);
  [[nodiscard]] std::vector<RegistrationRow> list(const std::string& dialect);  // by id

 private:
  Connection& connection_;
};

}  // namespace mortise::store
