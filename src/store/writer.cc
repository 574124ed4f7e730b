#include "store/writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "os/file.h"
#include "os/paths.h"

namespace mortise::store {
namespace {

Error as_error(std::exception_ptr problem) {
  try {
    std::rethrow_exception(std::move(problem));
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(Code::busy, "no memory is left for a write to the database", "try again later");
  } catch (const std::exception& other) {
    return Error(Code::internal, std::string("a write to the database failed: ") + other.what());
  } catch (...) {
    return Error(Code::internal, "a write to the database failed");
  }
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, std::size_t queue_limit, std::size_t group_limit)
    : connection_(std::move(connection)),
      queue_limit_(queue_limit),
      group_limit_(group_limit),
      log_path_(connection_->path() + "-wal") {
  // A commit itself syncs nothing; sync() does. A longer log means fewer checkpoints, each of which waits for the disk.
  connection_->execute("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000");
  thread_ = std::thread([this] { loop(); });
  sync_thread_ = std::thread([this] { sync_loop(); });
}

void Writer::post(Job job) {
  {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [&] { return queue_.size() < queue_limit_ || stopping_; });
    if (!stopping_) {
      queue_.push_back(std::move(job));
      has_work_.notify_one();
      return;
    }
  }
  report(job, Error(Code::cancelled, "the database is closing"));
}

void Writer::flush() {
  const auto passed = std::make_shared<std::promise<void>>();  // shared: set_value may outlast the waiting by a moment
  post({Durability::normal, {}, [passed](const Error* /*error*/) { passed->set_value(); }});
  passed->get_future().wait();
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  has_work_.notify_all();
  has_room_.notify_all();
  if (thread_.joinable()) thread_.join();
  {
    const std::lock_guard lock(mutex_);
    last_commit_made_ = true;
  }
  has_unsynced_.notify_all();
  if (sync_thread_.joinable()) sync_thread_.join();
}

Database::Counts Writer::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Writer::loop() {
  for (Group group = next_group(); !group.empty(); group = next_group()) commit(group);
}

// Empty: the end.
Writer::Group Writer::next_group() {
  std::unique_lock lock(mutex_);
  has_work_.wait(lock, [&] { return !queue_.empty() || stopping_; });
  Group group;
  while (!queue_.empty() && group.size() < group_limit_) {
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  has_room_.notify_all();
  return group;
}

void Writer::commit(Group& group) {
  const auto is_work = [](const Job& job) { return static_cast<bool>(job.work); };
  std::optional<Failures> failures;
  std::uint64_t commits = 0;
  if (std::none_of(group.begin(), group.end(), is_work)) {
    failures.emplace(group.size());
  } else if (failures = try_together(group); failures) {
    commits = 1;
  } else {
    failures.emplace();
    for (Job& job : group) {
      failures->push_back(try_alone(job));
      if (!failures->back()) ++commits;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    counts_.commits += commits;
    for (std::size_t i = 0; i < group.size(); ++i) counts_.writes += is_work(group[i]) && !(*failures)[i] ? 1 : 0;
  }
  report(group, *failures);
}

void Writer::report(Group& group, const Failures& failures) {
  Group unsynced;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].durability == Durability::full && !failures[i]) {
      unsynced.push_back(std::move(group[i]));
    } else {
      report(group[i], failures[i]);
    }
  }
  if (unsynced.empty()) return;
  const std::lock_guard lock(mutex_);
  std::move(unsynced.begin(), unsynced.end(), std::back_inserter(unsynced_));
  has_unsynced_.notify_one();
}

void Writer::sync_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_unsynced_.wait(lock, [&] { return !unsynced_.empty() || last_commit_made_; });
    if (unsynced_.empty()) return;
    Group group = std::exchange(unsynced_, {});
    lock.unlock();
    const std::optional<Error> failure = sync();
    lock.lock();
    ++counts_.syncs;
    lock.unlock();
    for (Job& job : group) report(job, failure);
    group.clear();
    lock.lock();
  }
}

// The file is there since the first commit, and stays until the last connection closes. What a checkpoint has moved out of it
// meanwhile, SQLite has brought to the disk itself.
std::optional<Error> Writer::sync() {
  try {
    if (!log_) {
      log_ = os::Fd(::open(log_path_.c_str(), O_RDONLY | O_CLOEXEC));
      if (log_) os::sync_directory(os::parent_of(os::absolute(log_path_)));
    }
    if (log_ && ::fdatasync(log_.get()) == 0) return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
  const int why = errno;
  return Error(why == ENOSPC || why == EDQUOT ? Code::busy : Code::internal,
               "the database cannot be brought to the disk: " + std::string(std::strerror(why)),
               "look at the disk of '" + connection_->path() + "'")
      .with("file", log_path_);
}

std::optional<Writer::Failures> Writer::try_together(Group& group) {
  try {
    connection_->execute("BEGIN IMMEDIATE");
  } catch (const Error& error) {
    return Failures(group.size(), error);  // locked by another process: waiting once is enough
  }
  Failures failures;
  try {
    for (Job& job : group) {
      failures.push_back(run_in_savepoint(job));
      if (!connection_->in_transaction()) return std::nullopt;  // SQLite gave the whole transaction up (full disk, ...)
    }
    connection_->execute("COMMIT");
    return failures;
  } catch (const Error&) {
    abandon();
    return std::nullopt;
  }
}

std::optional<Error> Writer::try_alone(Job& job) {
  try {
    connection_->execute("BEGIN IMMEDIATE");
    std::optional<Error> failure = run_in_savepoint(job);
    if (connection_->in_transaction()) connection_->execute("COMMIT");
    return failure;
  } catch (const Error& error) {
    abandon();
    return error;
  }
}

std::optional<Error> Writer::run_in_savepoint(Job& job) {
  if (!job.work) return std::nullopt;
  connection_->execute("SAVEPOINT job");
  try {
    job.work(*connection_);
    connection_->execute("RELEASE job");
    return std::nullopt;
  } catch (...) {
    Error error = as_error(std::current_exception());
    if (connection_->in_transaction()) connection_->execute("ROLLBACK TO job; RELEASE job");
    return error;
  }
}

void Writer::abandon() noexcept {
  try {
    if (connection_->in_transaction()) connection_->execute("ROLLBACK");
  } catch (...) {  // NOLINT(bugprone-empty-catch): the next BEGIN tells what is wrong
  }
}

void Writer::report(Job& job, const std::optional<Error>& failure) noexcept {
  if (job.done) job.done(failure ? &*failure : nullptr);
}

}  // namespace mortise::store
