#include "store/advisories.h"

#include "store/rows.h"

namespace mortise::store {

void AdvisoryStore::replace(const std::string& id, const std::vector<AdvisoryRow>& rows) {
  connection_.run("DELETE FROM advisories WHERE id = ?1", id);
  for (const AdvisoryRow& row : rows) {
    connection_.run("INSERT INTO advisories (id, ecosystem, package, content) VALUES (?1, ?2, ?3, ?4)", row.id, row.ecosystem, row.package, row.content);
  }
}

std::vector<AdvisoryRow> AdvisoryStore::about(const std::string& ecosystem, const std::string& package) {
  return all_rows(connection_.query("SELECT id, ecosystem, package, content FROM advisories WHERE ecosystem = ?1 AND package = ?2 ORDER BY id", ecosystem, package),
                  [](const Statement& row) { return AdvisoryRow{row.text(0), row.text(1), row.text(2), row.text(3)}; });
}

std::map<std::string, std::int64_t> AdvisoryStore::counts() {
  std::map<std::string, std::int64_t> counts;
  Statement row = connection_.query("SELECT ecosystem, COUNT(DISTINCT id) FROM advisories GROUP BY ecosystem");
  while (row.step()) counts[row.text(0)] = row.int64(1);
  return counts;
}

}  // namespace mortise::store
