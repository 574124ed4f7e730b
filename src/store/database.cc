#include "store/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/connection.h"
#include "store/migrations.h"
#include "store/writer.h"

namespace mortise::store {
namespace {

// SQLite gives its companions (-wal, -shm) the permissions of the file.
void make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    const int why = errno;
    const Code code = why == ENOSPC || why == EDQUOT ? Code::busy : why == ENOENT ? Code::not_found : Code::denied;
    throw Error(code, "cannot open the database '" + path + "': " + std::strerror(why),
                "check the folder and its permissions")
        .with("file", path);
  }
  ::close(file);
}

}  // namespace

Database::Database(const std::string& path, Options options) : Database(path, options, schema()) {}

Database::Database(const std::string& path, Options options, std::span<const Migration> migrations)
    : path_(path), options_(options) {
  require_own_file(path);
  make_private_file(path);
  auto connection = std::make_unique<Connection>(path, Connection::Mode::write, options.busy_timeout);
  migrate(*connection, migrations);
  writer_ = std::make_unique<Writer>(std::move(connection), options.queue_limit, options.group_limit);
}

// Readers first: the last connection to close, the writer's, tidies the write-ahead log away.
Database::~Database() {
  if (writer_ != nullptr) writer_->stop();
  readers_.clear();
}

void Database::post(Durability durability, Work work, Done done) {
  writer_->post({durability, std::move(work), std::move(done)});
}

// SQLite reads one snapshot and writes it out page by page; what is written meanwhile stays in the write-ahead log.
void Database::copy_to(const std::string& path) {
  Connection connection(path_, Connection::Mode::read, options_.busy_timeout);
  connection.query("VACUUM INTO ?1", path).run();
}

void require_sound(const std::string& path) {
  require_own_file(path);
  Connection connection(path, Connection::Mode::write, std::chrono::seconds(1));
  {
    Statement check = connection.prepare("PRAGMA integrity_check");
    const bool sound = check.step() && check.text(0) == "ok";
    if (!sound) {
      throw Error(Code::invalid, "the database '" + path + "' is damaged: " + check.text(0), "use another backup")
          .with("file", path);
    }
  }
  migrate(connection, schema());
}

void Database::flush() { writer_->flush(); }

Database::Counts Database::counts() const { return writer_->counts(); }

Database::Reader::Reader(Database& from) : database(from) {
  {
    const std::lock_guard lock(database.readers_mutex_);
    if (!database.readers_.empty()) {
      connection = std::move(database.readers_.back());
      database.readers_.pop_back();
    }
  }
  if (connection == nullptr) {
    connection = std::make_unique<Connection>(database.path_, Connection::Mode::read, database.options_.busy_timeout);
    connection->execute("PRAGMA query_only = ON");
  }
  connection->execute("BEGIN");
}

Database::Reader::~Reader() {
  try {
    if (connection->in_transaction()) connection->execute("COMMIT");
    const std::lock_guard lock(database.readers_mutex_);
    if (database.readers_.size() < database.options_.idle_readers) database.readers_.push_back(std::move(connection));
  } catch (...) {  // NOLINT(bugprone-empty-catch): a connection that failed is closed, not kept
  }
}

}  // namespace mortise::store
