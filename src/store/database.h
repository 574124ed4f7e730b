// Database: the one file with everything that must outlive the process. SQLite in write-ahead mode.
//
// One thread writes. Writes are queued; those that wait together share one transaction (group commit), each inside a
// savepoint of its own, so that one that fails undoes itself and not its neighbours. A write is durable against a crash of
// this process once it is committed; Durability::full also survives a crash of the machine: it is done only when the disk has
// it. Whatever was committed before it survives then, too. Reads run on connections of their own, see a consistent snapshot, and never wait for the writer.
//
// A full disk, a locked or damaged file are Errors of that one call (see connection.h); the program lives on and the next
// write is tried anew. Opening never changes a file that it does not understand (see migrations.h).
//
// Thread-safe. A work runs on the writer's thread: it must not call the Database, and must have no effect besides the
// database, because it runs a second time, alone, when its group as a whole could not be committed.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace mortise::store {

class Connection;
class Writer;
struct Migration;

enum class Durability { normal, full };

class Database {
 public:
  struct Options {
    std::chrono::milliseconds busy_timeout{5'000};
    std::size_t queue_limit = 8'192;  // waiting writes; more make their callers wait
    std::size_t group_limit = 512;    // writes in one transaction
    std::size_t idle_readers = 4;     // connections kept open
  };
  struct Counts {
    std::uint64_t writes = 0;   // that succeeded
    std::uint64_t commits = 0;  // transactions that held them
    std::uint64_t syncs = 0;    // times that the disk was waited for
  };

  // Opens or makes the file (readable by its owner only) with the tables of mortise. Throws Error.
  explicit Database(const std::string& path) : Database(path, Options{}) {}
  Database(const std::string& path, Options options);
  Database(const std::string& path, Options options, std::span<const Migration> migrations);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();  // writes everything that is queued

  // Queues a write. The future has its result, or its Error, once it is committed; dropping the future is fine.
  template <typename Action>
  auto write(Durability durability, Action action) -> std::future<std::invoke_result_t<Action&, Connection&>> {
    using Result = std::invoke_result_t<Action&, Connection&>;
    auto promise = std::make_shared<std::promise<Result>>();
    std::future<Result> future = promise->get_future();
    if constexpr (std::is_void_v<Result>) {
      post(durability, std::move(action), [promise](const Error* error) {
        if (error == nullptr) return promise->set_value();
        promise->set_exception(std::make_exception_ptr(*error));
      });
    } else {
      auto result = std::make_shared<std::optional<Result>>();
      post(
          durability,
          [action = std::move(action), result](Connection& connection) mutable { result->emplace(action(connection)); },
          [promise, result](const Error* error) {
            if (error == nullptr) return promise->set_value(*std::move(*result));
            promise->set_exception(std::make_exception_ptr(*error));
          });
    }
    return future;
  }

  // The same without a future. `done` (may be empty) is called once on a thread of the writer's, with null after success; it must
  // not throw and not call the Database.
  using Work = std::function<void(Connection&)>;
  using Done = std::function<void(const Error* error)>;
  void post(Durability durability, Work work, Done done = {});

  // Copies the database as it is now into a new file, while readers and the writer go on. Slow. Throws Error.
  void copy_to(const std::string& path);

  // Returns when everything queued before has been committed or has failed; the disk may not have it yet.
  void flush();

  // Runs `action` with a connection for reading, in one transaction.
  template <typename Action>
  auto read(Action action) -> std::invoke_result_t<Action&, Connection&> {
    Reader reader(*this);
    return action(*reader.connection);
  }

  [[nodiscard]] Counts counts() const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  struct Reader {
    explicit Reader(Database& from);
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader();
    Database& database;
    std::unique_ptr<Connection> connection;
  };

  std::string path_;
  Options options_;
  std::unique_ptr<Writer> writer_;
  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<Connection>> readers_;
};

// Looks a file through that nobody has open: it must be a whole database of mortise, and not of a newer one. Slow. Throws
// Error{invalid, unsupported, conflict}.
void require_sound(const std::string& path);

}  // namespace mortise::store
