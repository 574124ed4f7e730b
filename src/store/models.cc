#include "store/models.h"

#include "store/rows.h"

namespace mortise::store {

void ModelStore::put(const ModelRow& model) {
  (void)remove(model.id);
  connection_.run(
      "INSERT INTO models (id, plugin, name, framework, format, path, version, description, origin, details, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
      model.id, model.plugin, model.name, model.framework, model.format, model.path, model.version, model.description,
      model.origin, model.details, model.created);
}

bool ModelStore::remove(const std::string& id) { return connection_.run("DELETE FROM models WHERE id = ?1", id) == 1; }

std::vector<ModelRow> ModelStore::list() {
  return all_rows(connection_.prepare("SELECT id, plugin, name, framework, format, path, version, description, origin,"
                                      " details, created FROM models ORDER BY id"),
                  [](const Statement& row) {
                    return ModelRow{row.text(0), row.text(1), row.text(2), row.text(3), row.text(4),        row.text(5),
                                    row.text(6), row.text(7), row.text(8), row.text(9), Time{row.int64(10)}};
                  });
}

void RegistrationStore::put(const RegistrationRow& registration) {
  (void)remove(registration.id);
  connection_.run("INSERT INTO registrations (id, dialect, location, details, created) VALUES (?1, ?2, ?3, ?4, ?5)",
                  registration.id, registration.dialect, registration.location, registration.details,
                  registration.created);
}

bool RegistrationStore::remove(const std::string& id) {
  return connection_.run("DELETE FROM registrations WHERE id = ?1", id) == 1;
}

std::vector<RegistrationRow> RegistrationStore::list(const std::string& dialect) {
  return all_rows(
      connection_.query("SELECT id, dialect, location, details, created FROM registrations WHERE dialect = ?1"
                        " ORDER BY id",
                        dialect),
      [](const Statement& row) {
        return RegistrationRow{row.text(0), row.text(1), row.text(2), row.text(3), Time{row.int64(4)}};
      });
}

}  // namespace mortise::store
