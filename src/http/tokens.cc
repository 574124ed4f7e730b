#include "http/tokens.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/error.h"
#include "store/connection.h"
#include "store/database.h"
#include "store/sha256.h"

namespace mortise::http {
namespace {

constexpr std::string_view prefix = "mrt_";
constexpr std::int64_t note_every = 60'000'000'000;  // the time of the last use is written down once a minute

template <typename Bytes>
std::string hexadecimal(const Bytes& bytes, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 15U];
  }
  return text;
}

std::string random_text(std::size_t bytes) {
  std::array<unsigned char, 32> random{};
  if (::RAND_bytes(random.data(), static_cast<int>(bytes)) != 1)
    throw Error(Code::internal, "the machine has no random numbers");
  return hexadecimal(random, bytes);
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Tokens::Tokens(store::Database& database) : database_(database) {
  const auto rows = database_.read([](store::Connection& connection) { return store::TokenStore(connection).list(); });
  for (const store::TokenRow& row : rows) known_[row.id] = {row};
}

Tokens::Made Tokens::make(const std::string& name, Access access, std::optional<std::chrono::seconds> lifetime) {
  if (name.empty() || name.size() > 100) {
    throw Error(Code::invalid, "a token needs a name of 1 to 100 bytes",
                "say what it is for, such as 'ci' or 'dashboard'")
        .with("key", "name");
  }
  Made made;
  made.row = {random_text(6), name, std::string(name_of(access)), {}, now(), {}, {}, {}};
  if (lifetime) made.row.expires = Time{made.row.created.nanoseconds + std::chrono::nanoseconds(*lifetime).count()};
  const std::string secret = random_text(32);
  made.row.digest = store::sha256_of(secret);
  made.secret = std::string(prefix) + made.row.id + "_" + secret;
  database_
      .write(store::Durability::full,
             [row = made.row](store::Connection& connection) { store::TokenStore(connection).add(row); })
      .get();
  const std::lock_guard lock(mutex_);
  known_[made.row.id] = {made.row};
  return made;
}

void Tokens::revoke(const std::string& id) {
  const Time when = now();
  const bool there =
      database_
          .write(store::Durability::full,
                 [&](store::Connection& connection) { return store::TokenStore(connection).revoke(id, when); })
          .get();
  if (!there) {
    throw Error(Code::not_found, "there is no token '" + id + "' that could be revoked",
                "`mortise token list` shows them")
        .with("key", id);
  }
  const std::lock_guard lock(mutex_);
  known_[id].row.revoked = when;
}

std::vector<store::TokenRow> Tokens::list() const {
  std::vector<store::TokenRow> rows;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, known] : known_) rows.push_back(known.row);
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.created.nanoseconds < b.created.nanoseconds; });
  return rows;
}

std::optional<Holder> Tokens::holder(std::string_view token) {
  if (!token.starts_with(prefix)) return std::nullopt;
  token.remove_prefix(prefix.size());
  const std::size_t bar = token.find('_');
  if (bar == std::string_view::npos) return std::nullopt;
  const std::string digest = store::sha256_of(token.substr(bar + 1));
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(token.substr(0, bar));
  if (found == known_.end() || !equal_in_constant_time(digest, found->second.row.digest)) return std::nullopt;
  Known& known = found->second;
  const Time moment = now();
  if (known.row.revoked || (known.row.expires && known.row.expires->nanoseconds <= moment.nanoseconds))
    return std::nullopt;
  known.row.used = moment;
  if (moment.nanoseconds - known.noted.nanoseconds > note_every) {
    known.noted = moment;
    database_.post(store::Durability::normal, [id = known.row.id, moment](store::Connection& connection) {
      store::TokenStore(connection).set_used(id, moment);
    });
  }
  return Holder{known.row.id, known.row.name, access_named(known.row.scope).value_or(Access::none)};
}

}  // namespace mortise::http
