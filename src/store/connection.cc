#include "store/connection.h"

#include <sqlite3.h>

#include <limits>

namespace mortise::store {

// ---- statements ------------------------------------------------------------------------------------------------------

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)), bound_(other.bound_) {}

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Statement::check(int result) const {
  if (result != SQLITE_OK) throw connection_->error_of(result);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}
Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(statement_, ++bound_, value));
  return *this;
}
Statement& Statement::bind(std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();  // a null pointer would bind NULL
  check(sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}
Statement& Statement::bind(std::nullptr_t) {
  check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

Statement& Statement::bind(Blob blob) {
  const char* data = blob.bytes.data() == nullptr ? "" : blob.bytes.data();
  check(sqlite3_bind_blob64(statement_, ++bound_, data, blob.bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  throw connection_->error_of(result);
}

void Statement::run() {
  while (step()) {
  }
}

bool Statement::is_null(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t Statement::int64(int column) const noexcept { return sqlite3_column_int64(statement_, column); }
std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}
std::string Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return data == nullptr ? std::string()
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}
std::optional<std::int64_t> Statement::optional_int64(int column) const noexcept {
  return is_null(column) ? std::nullopt : std::optional(int64(column));
}
std::optional<Time> Statement::optional_time(int column) const noexcept {
  return is_null(column) ? std::nullopt : std::optional(Time{int64(column)});
}

// ---- connections -----------------------------------------------------------------------------------------------------

Connection::Connection(const std::string& path, Mode mode, std::chrono::milliseconds busy_timeout) : path_(path) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (mode == Mode::write ? SQLITE_OPEN_CREATE : 0);
  const int result = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
  if (result != SQLITE_OK) {
    const Error error = error_of(result);
    sqlite3_close_v2(handle_);
    throw Error(error);
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(busy_timeout.count()));
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Statement Connection::prepare(std::string_view sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return {*this, known->second};
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
  if (result != SQLITE_OK) throw error_of(result);
  statements_.emplace(sql, statement);
  return {*this, statement};
}

void Connection::execute(const char* sql) {
  const int result = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throw error_of(result);
}

std::int64_t Connection::changes() const noexcept { return sqlite3_changes64(handle_); }
bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

Error Connection::error_of(int result) const {
  const std::string said = handle_ == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(handle_);
  const auto make = [&](Code code, const std::string& message, const char* hint) {
    return Error(code, message, hint).with("file", path_).with("sqlite", std::to_string(result) + " " + said);
  };
  // A write-ahead index that cannot grow means a full disk too.
  if (result == SQLITE_IOERR_SHMSIZE) result = SQLITE_FULL;
  switch (result & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make(Code::busy, "the database '" + path_ + "' is locked by another process",
                  "try again; end the process that holds it");
    case SQLITE_FULL:
      return make(Code::busy, "no space is left for the database '" + path_ + "'",
                  "free space on its disk; what was stored before is safe, this change was not made");
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return make(Code::invalid, "the database '" + path_ + "' is damaged: " + said,
                  "it was not changed; restore a backup, or move the file away to begin anew");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return make(Code::denied, "cannot open or write the database '" + path_ + "': " + said,
                  "check the folder and its permissions");
    case SQLITE_CONSTRAINT: return make(Code::conflict, "the database refuses the change: " + said, "");
    case SQLITE_TOOBIG:
      return make(Code::invalid, "a value is too large for the database", "store large data in files");
    case SQLITE_NOMEM: return make(Code::busy, "no memory is left for the database", "try again later");
    default: return make(Code::internal, "the database '" + path_ + "' failed: " + said, "");
  }
}

}  // namespace mortise::store
