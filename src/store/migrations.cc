#include "store/migrations.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/clock.h"

namespace mortise::store {
namespace {

constexpr std::uint32_t application_id = 0x4D545345;  // "MTSE", at offset 68 of the file

struct Applied {
  std::string name;
  std::string checksum;
};

// FNV-1a, 64 bits: it finds edits, it is no defence.
std::string checksum_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

Error foreign(const std::string& path, const char* what) {
  return Error(Code::invalid, "'" + path + "' is not a database of mortise" + what,
               "it was not changed; restore a backup, move the file away, or use another data directory")
      .with("file", path);
}

bool has_tables(Connection& connection) {
  Statement statement = connection.prepare("SELECT 1 FROM sqlite_master LIMIT 1");
  return statement.step();
}

void use_write_ahead_log(Connection& connection) {
  connection.execute("PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864");
  Statement statement = connection.prepare("PRAGMA journal_mode = WAL");
  if (statement.step() && statement.text(0) == "wal") return;
  throw Error(Code::unsupported,
              "the file system of '" + connection.path() + "' cannot hold a database in write-ahead mode",
              "put the data directory on a local disk")
      .with("file", connection.path());
}

bool is_marked(Connection& connection) {
  Statement statement = connection.prepare("PRAGMA application_id");
  return statement.step() && statement.int64(0) == application_id;
}

// In a rollback journal still, so that the mark lies in the file itself from the first moment on.
void begin_file(Connection& connection) {
  connection.execute(("BEGIN IMMEDIATE; PRAGMA application_id = " + std::to_string(application_id) +
                      "; CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                      " checksum TEXT NOT NULL, applied_at INTEGER NOT NULL); COMMIT")
                         .c_str());
}

// The file bears our mark, so whatever SQLite dislikes about this table is damage.
std::map<int, Applied> applied_in(Connection& connection) {
  try {
    std::map<int, Applied> applied;
    Statement rows = connection.prepare("SELECT number, name, checksum FROM schema_migrations");
    while (rows.step()) applied[static_cast<int>(rows.int64(0))] = {rows.text(1), rows.text(2)};
    return applied;
  } catch (const Error& error) {
    if (error.code() != Code::internal) throw;
    throw Error(Code::invalid, "the database '" + connection.path() + "' is damaged",
                "it was not changed; restore a backup, or move the file away to begin anew")
        .with("file", connection.path())
        .because(error);
  }
}

void require_known(const Connection& connection, const std::map<int, Applied>& applied,
                   std::span<const Migration> migrations) {
  const int newest = migrations.empty() ? 0 : migrations.back().number;
  if (!applied.empty() && applied.rbegin()->first > newest) {
    throw Error(Code::unsupported,
                "the database '" + connection.path() + "' was made by a newer mortise (schema " +
                    std::to_string(applied.rbegin()->first) + "; this one knows up to " + std::to_string(newest) + ")",
                "use that mortise, or another data directory; the file was not changed")
        .with("file", connection.path())
        .with("expected", "schema " + std::to_string(newest) + " or older")
        .with("got", "schema " + std::to_string(applied.rbegin()->first));
  }
  for (const Migration& migration : migrations) {
    const auto found = applied.find(migration.number);
    if (found == applied.end() || found->second.checksum == checksum_of(migration.sql)) continue;
    throw Error(Code::conflict,
                "the database '" + connection.path() + "' was made by a different mortise: its migration " +
                    std::to_string(migration.number) + " ('" + found->second.name + "') is not the one of this program",
                "use the mortise that made it, or another data directory; the file was not changed")
        .with("file", connection.path());
  }
}

void apply(Connection& connection, const Migration& migration) {
  connection.execute("BEGIN IMMEDIATE");
  try {
    connection.execute(migration.sql);
    connection.run("INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
                   static_cast<std::int64_t>(migration.number), migration.name, checksum_of(migration.sql), now());
    connection.execute("COMMIT");
  } catch (...) {
    if (connection.in_transaction()) connection.execute("ROLLBACK");
    throw;
  }
}

}  // namespace

void require_own_file(const std::string& path) {
  std::error_code problem;
  if (!std::filesystem::exists(path, problem) || std::filesystem::file_size(path, problem) == 0) return;
  if (std::filesystem::exists(path + "-journal", problem)) return;  // died while it was made: SQLite recovers it first
  std::array<char, 72> header{};
  std::ifstream(path, std::ios::binary).read(header.data(), header.size());
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(header[i])); };
  const bool is_sqlite = std::string_view(header.data(), 16) == std::string_view("SQLite format 3\0", 16);
  const std::uint32_t id = byte(68) << 24U | byte(69) << 16U | byte(70) << 8U | byte(71);
  if (is_sqlite && id == application_id) return;
  throw foreign(path, is_sqlite ? " but of another program" : ", or its beginning is damaged");
}

void migrate(Connection& connection, std::span<const Migration> migrations) {
  if (!is_marked(connection)) {
    if (has_tables(connection)) throw foreign(connection.path(), " but of another program");
    begin_file(connection);
  }
  const std::map<int, Applied> applied = applied_in(connection);
  require_known(connection, applied, migrations);
  use_write_ahead_log(connection);
  for (const Migration& migration : migrations) {
    if (!applied.contains(migration.number)) apply(connection, migration);
  }
}

}  // namespace mortise::store
