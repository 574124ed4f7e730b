// Writer: the two threads behind Database. One turns queued writes into group commits; a commit survives the death of this
// process as soon as it is in the write-ahead log. The other brings that log to the disk, once for all commits that wait for
// it, and only then reports the writes that asked for Durability::full. So a write that need not outlast the machine never
// waits for the disk, and the log is written on while the disk works. (SQLite's own synchronous = FULL would do both in one
// step.) Internal to this room.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "os/fd.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::store {

class Writer {
 public:
  struct Job {
    Durability durability;
    Database::Work work;  // empty: a marker for flush
    Database::Done done;
  };

  Writer(std::unique_ptr<Connection> connection, std::size_t queue_limit, std::size_t group_limit);
  ~Writer() { stop(); }

  void post(Job job);  // waits while the queue is full
  void flush();
  void stop();  // works the queue off, then ends the thread; later posts fail with `cancelled`
  [[nodiscard]] Database::Counts counts() const;

 private:
  using Group = std::vector<Job>;
  using Failures = std::vector<std::optional<Error>>;  // one for each job of a group

  void loop();
  [[nodiscard]] Group next_group();
  void commit(Group& group);
  // The jobs of one transaction; nothing when the transaction as a whole came to nothing.
  [[nodiscard]] std::optional<Failures> try_together(Group& group);
  [[nodiscard]] std::optional<Error> try_alone(Job& job);
  [[nodiscard]] std::optional<Error> run_in_savepoint(Job& job);
  // Reports what is done, and hands the rest to the other thread.
  void report(Group& group, const Failures& failures);
  void sync_loop();
  [[nodiscard]] std::optional<Error> sync();
  void abandon() noexcept;
  static void report(Job& job, const std::optional<Error>& failure) noexcept;

  std::unique_ptr<Connection> connection_;
  const std::size_t queue_limit_;
  const std::size_t group_limit_;
  const std::string log_path_;
  os::Fd log_;  // opened at the first need, used by the second thread alone

  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable has_room_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  Database::Counts counts_;
  std::condition_variable has_unsynced_;
  Group unsynced_;  // committed, waits for the disk
  bool last_commit_made_ = false;
  std::thread thread_;
  std::thread sync_thread_;
};

}  // namespace mortise::store
