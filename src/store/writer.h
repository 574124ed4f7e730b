// Writer: the thread behind Database that turns queued writes into group commits. Internal to this room.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

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
  void begin(Durability durability);
  void abandon() noexcept;
  static void report(Job& job, const std::optional<Error>& failure) noexcept;

  std::unique_ptr<Connection> connection_;
  const std::size_t queue_limit_;
  const std::size_t group_limit_;
  std::optional<Durability> durability_;  // that the connection is set to

  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable has_room_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  Database::Counts counts_;
  std::thread thread_;
};

}  // namespace mortise::store
