#include "store/tokens.h"

#include "store/rows.h"

namespace mortise::store {

void TokenStore::add(const TokenRow& token) {
  connection_.run("INSERT INTO tokens (id, name, scope, digest, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                  token.id, token.name, token.scope, token.digest, token.created, token.expires);
}

bool TokenStore::revoke(const std::string& id, Time when) {
  return connection_.run("UPDATE tokens SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL", id, when) == 1;
}

void TokenStore::set_used(const std::string& id, Time when) {
  connection_.run("UPDATE tokens SET used = ?2 WHERE id = ?1", id, when);
}

std::vector<TokenRow> TokenStore::list() {
  return all_rows(
      connection_.query("SELECT id, name, scope, digest, created, expires, used, revoked FROM tokens ORDER BY id"),
      [](const Statement& row) {
        return TokenRow{row.text(0),        row.text(1),          row.text(2),          row.text(3),
                        Time{row.int64(4)}, row.optional_time(5), row.optional_time(6), row.optional_time(7)};
      });
}

}  // namespace mortise::store
