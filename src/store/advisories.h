// The table of advisories: one row for each package that an advisory is about.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mortise::store {

class Connection;

struct AdvisoryRow {
  std::string id, ecosystem, package;
  std::string content;  // JSON
};

class AdvisoryStore {
 public:
  explicit AdvisoryStore(Connection& connection) : connection_(connection) {}

  void replace(const std::string& id, const std::vector<AdvisoryRow>& rows);
  [[nodiscard]] std::vector<AdvisoryRow> about(const std::string& ecosystem, const std::string& package);  // by id
  [[nodiscard]] std::map<std::string, std::int64_t> counts();                                              // of advisories, by ecosystem

 private:
  Connection& connection_;
};

}  // namespace mortise::store
