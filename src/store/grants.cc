#include "store/grants.h"

#include "store/connection.h"

namespace mortise::store {

void GrantStore::put(const GrantRow& row) {
  remove(row.plugin, row.topic, row.name);
  connection_.run("INSERT INTO grants (plugin, topic, name, value, decided_by, decided) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                  row.plugin, row.topic, row.name, row.value, row.by, row.when);
}

void GrantStore::remove(const std::string& plugin, const std::string& topic, const std::string& name) {
  connection_.run("DELETE FROM grants WHERE plugin = ?1 AND topic = ?2 AND name = ?3", plugin, topic, name);
}

void GrantStore::remove_below(const std::string& plugin, const std::string& topic, const std::string& start) {
  connection_.run("DELETE FROM grants WHERE plugin = ?1 AND topic = ?2 AND substr(name, 1, length(?3)) = ?3", plugin, topic,
                  start);
}

void GrantStore::remove_all(const std::string& plugin) {
  connection_.run("DELETE FROM grants WHERE plugin = ?1", plugin);
}

std::vector<GrantRow> GrantStore::list() {
  std::vector<GrantRow> all;
  Statement rows = connection_.query(
      "SELECT plugin, topic, name, value, decided_by, decided FROM grants ORDER BY plugin, topic, name");
  while (rows.step()) {
    all.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), Time{rows.int64(5)}});
  }
  return all;
}

}  // namespace mortise::store
