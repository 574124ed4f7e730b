// Tokens: made, known and revoked. A token is "mrt_ID_SECRET"; the secret is shown once, to whoever made it, and kept as a
// digest. Those that hold are kept in memory, so that asking costs a look-up and a comparison in constant time. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/access.h"
#include "store/tokens.h"

namespace mortise::store {
class Database;
}

namespace mortise::http {

class Tokens {
 public:
  explicit Tokens(store::Database& database);

  struct Made {
    store::TokenRow row;
    std::string secret;  // the whole token
  };
  // Throws Error{invalid} for an empty or very long name. Durable when it returns.
  [[nodiscard]] Made make(const std::string& name, Access access, std::optional<std::chrono::seconds> lifetime);
  // Throws Error{not_found}. Holds from the next request on.
  void revoke(const std::string& id);
  [[nodiscard]] std::vector<store::TokenRow> list() const;

  // Whom the token was made for, while it holds.
  [[nodiscard]] std::optional<Holder> holder(std::string_view token);

 private:
  struct Known {
    store::TokenRow row;
    Time noted{};  // when its use was last written down
  };
  store::Database& database_;
  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;  // by id
};

}  // namespace mortise::http
