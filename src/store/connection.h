// One connection to the database file, and its statements. For use inside src/store only: SQL stays in this room.
//
// The SQL is kept to what PostgreSQL also understands (numbered placeholders are written as ?1), except in database.cc and
// migrations.cc, which are about the file itself. Errors become mortise::Error by one table (error_of): a locked database
// and a full disk are `busy` (try again later), a violated constraint is `conflict`, a damaged file is `invalid`.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "mortise/value.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace mortise::store {

class Connection;

// Bytes on their way into a column, as opposed to text. Borrowed for the call.
struct Blob {
  std::string_view bytes;
};

// A prepared statement, borrowed from its connection and reset when it goes. One at a time for each SQL text.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Binds the next placeholder.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind(std::nullptr_t);
  Statement& bind(Blob blob);
  Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind(Time time) { return bind(time.nanoseconds); }
  Statement& bind(std::uint32_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }  // as its 64 bits
  template <typename T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind(nullptr);
  }

  // True: there is a row, whose columns can be read until the next step.
  [[nodiscard]] bool step();
  // Steps to the end.
  void run();

  [[nodiscard]] bool is_null(int column) const noexcept;
  [[nodiscard]] std::int64_t int64(int column) const noexcept;
  [[nodiscard]] std::string text(int column) const;  // empty when null
  [[nodiscard]] std::string blob(int column) const;  // empty when null
  [[nodiscard]] std::optional<std::int64_t> optional_int64(int column) const noexcept;
  [[nodiscard]] std::optional<Time> optional_time(int column) const noexcept;

 private:
  friend class Connection;
  Statement(Connection& connection, sqlite3_stmt* statement) : connection_(&connection), statement_(statement) {}
  void check(int result) const;

  Connection* connection_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class Connection {
 public:
  enum class Mode { write, read };

  // Makes the file when it is absent and the mode is write.
  Connection(const std::string& path, Mode mode, std::chrono::milliseconds busy_timeout);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] Statement prepare(std::string_view sql);  // kept prepared: `sql` is one of a small fixed set
  template <typename... Values>
  Statement query(std::string_view sql, const Values&... values) {
    Statement statement = prepare(sql);
    (statement.bind(values), ...);
    return statement;
  }
  // Runs a statement that has no rows to read; how many rows it changed.
  template <typename... Values>
  std::int64_t run(std::string_view sql, const Values&... values) {
    query(sql, values...).run();
    return changes();
  }
  // Several statements without placeholders, not kept prepared.
  void execute(const char* sql);

  [[nodiscard]] std::int64_t changes() const noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // The Error for a result code of the last call.
  [[nodiscard]] Error error_of(int result) const;

 private:
  friend class Statement;
  std::string path_;
  sqlite3* handle_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

}  // namespace mortise::store
