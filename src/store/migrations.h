// Migrations: the numbered list of changes that makes the tables, and the rules by which a file is brought up to date.
//
// Each is applied once, in a transaction of its own, and recorded with a checksum of its text. A file is refused, and left
// as it is, when it belongs to another program, was made by a newer mortise, or was made by one whose migrations differ.
#pragma once

#include <span>
#include <string_view>

#include "store/connection.h"

namespace mortise::store {

struct Migration {
  int number;  // 1, 2, 3, ...
  std::string_view name;
  const char* sql;
};

// The tables of mortise.
[[nodiscard]] std::span<const Migration> schema() noexcept;

// Looks at the file without opening it as a database: absent or empty is fine; anything else must be a database of
// mortise. Throws Error{invalid}.
void require_own_file(const std::string& path);

// Throws Error{unsupported} for a file from a newer program, Error{conflict} for one whose migrations differ.
void migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace mortise::store
