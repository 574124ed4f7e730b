// The table of tokens. What is kept of a token's secret is its SHA-256: the secret has 256 random bits, so nothing slower is needed
// to keep it from being guessed, and whoever reads the file cannot use it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

struct TokenRow {
  std::string id, name, scope, digest;  // digest: hexadecimal
  Time created;
  std::optional<Time> expires, used, revoked;
};

class TokenStore {
 public:
  explicit TokenStore(Connection& connection) : connection_(connection) {}

  void add(const TokenRow& token);
  // False when there is none, or it was revoked before.
  [[nodiscard]] bool revoke(const std::string& id, Time when);
  void set_used(const std::string& id, Time when);
  [[nodiscard]] std::vector<TokenRow> list();  // oldest first

 private:
  Connection& connection_;
};

}  // namespace mortise::store
