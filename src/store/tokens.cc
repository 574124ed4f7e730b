#include "store/tokens.h"

#include "store/connection.h"

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
  std::vector<TokenRow> all;
  Statement rows =
      connection_.query("SELECT id, name, scope, digest, created, expires, used, revoked FROM tokens ORDER BY id");
  while (rows.step()) {
    all.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), Time{rows.int64(4)}, rows.optional_time(5),
                   rows.optional_time(6), rows.optional_time(7)});
  }
  return all;
}

}  // namespace mortise::store
