#include "store/database.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/connection.h"
#include "store/migrations.h"

using namespace mortise;
using namespace mortise::store;
using namespace std::chrono_literals;

namespace {

class Folder {
 public:
  Folder() : path_(::mkdtemp(name_)) {}
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name = "m.db") const { return path_ + "/" + name; }

 private:
  char name_[32] = "/tmp/mortise-store-XXXXXX";
  std::string path_;
};

constexpr std::array numbers_schema{Migration{1, "numbers", "CREATE TABLE numbers (n BIGINT PRIMARY KEY, text TEXT)"}};
constexpr std::array more_schema{numbers_schema[0],
                                 Migration{2, "words", "CREATE TABLE words (w TEXT); INSERT INTO words VALUES ('x')"}};

void insert(Connection& connection, std::int64_t n) { connection.run("INSERT INTO numbers (n) VALUES (?1)", n); }

std::int64_t count_of(Database& database) {
  return database.read([](Connection& connection) {
    Statement row = connection.prepare("SELECT COUNT(*) FROM numbers");
    return row.step() ? row.int64(0) : -1;
  });
}

template <typename Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::internal, "nothing was thrown");
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Holds the writer's thread back until released, so that what is queued meanwhile becomes one group.
class Brake {
 public:
  explicit Brake(Database& database) {
    const auto entered = std::make_shared<std::promise<void>>();
    database.post(Durability::normal, [entered, released = released_](Connection&) {
      entered->set_value();
      released->get_future().wait();
    });
    entered->get_future().wait();
  }
  void release() { released_->set_value(); }

 private:
  std::shared_ptr<std::promise<void>> released_ = std::make_shared<std::promise<void>>();
};

}  // namespace

TEST_CASE("what is written can be read, and is there after reopening") {
  const Folder folder;
  {
    Database database(folder.file(), {}, numbers_schema);
    database.write(Durability::full, [](Connection& c) { insert(c, 1); }).get();
    CHECK(database
              .write(Durability::normal,
                     [](Connection& c) {
                       insert(c, 2);
                       return std::string("result");
                     })
              .get() == "result");
    CHECK(count_of(database) == 2);
    struct stat info {};
    REQUIRE(::stat(folder.file().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
  }
  CHECK_FALSE(std::filesystem::exists(folder.file() + "-wal"));
  Database database(folder.file(), {}, numbers_schema);
  CHECK(count_of(database) == 2);
}

TEST_CASE("waiting writes share a transaction, and one that fails does not fail the others") {
  const Folder folder;
  Database database(folder.file(), {}, numbers_schema);
  Brake brake(database);
  std::vector<std::future<void>> writes;
  for (std::int64_t n = 0; n < 100; ++n) {
    writes.push_back(database.write(Durability::normal, [n](Connection& c) {
      insert(c, n);
      if (n % 10 == 3) insert(c, n);  // violates the key: the first insert is undone too
      if (n % 10 == 7) throw std::runtime_error("changed its mind");
    }));
  }
  const auto before = database.counts();
  brake.release();
  for (std::int64_t n = 0; n < 100; ++n) {
    CAPTURE(n);
    if (n % 10 == 3) {
      CHECK(error_of([&] { writes[static_cast<std::size_t>(n)].get(); }).code() == Code::conflict);
    } else if (n % 10 == 7) {
      CHECK(error_of([&] { writes[static_cast<std::size_t>(n)].get(); }).code() == Code::internal);
    } else {
      CHECK_NOTHROW(writes[static_cast<std::size_t>(n)].get());
    }
  }
  CHECK(count_of(database) == 80);
  CHECK(database.counts().writes - before.writes == 81);  // with the brake itself
  CHECK(database.counts().commits - before.commits == 2);
}

TEST_CASE("the disk is waited for once by all that ask for it, and not by the others") {
  const Folder folder;
  Database database(folder.file(), {}, numbers_schema);
  const auto add = [](Connection& c) { c.run("INSERT INTO numbers (n) SELECT COUNT(*) FROM numbers"); };
  database.write(Durability::normal, add).get();
  CHECK(database.counts().syncs == 0);
  database.write(Durability::full, add).get();
  CHECK(database.counts().syncs == 1);
  Brake brake(database);
  std::vector<std::future<void>> together;
  together.reserve(20);
  for (int i = 0; i < 20; ++i) together.push_back(database.write(Durability::full, add));
  auto aside = database.write(Durability::normal, add);
  brake.release();
  aside.get();
  for (auto& each : together) each.get();
  CHECK(database.counts().syncs == 2);
  CHECK(count_of(database) == 23);
}

TEST_CASE("many threads write and read at once") {
  const Folder folder;
  Database database(folder.file(), {.queue_limit = 64}, numbers_schema);
  std::vector<std::thread> threads;
  std::atomic<bool> rising = true;
  for (std::int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&database, t] {
      for (std::int64_t i = 0; i < 250; ++i) {
        database.post(i % 50 == 0 ? Durability::full : Durability::normal,
                      [n = t * 1'000 + i](Connection& c) { insert(c, n); });
      }
    });
  }
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      std::int64_t last = 0;
      for (int i = 0; i < 50; ++i) {
        const std::int64_t count = count_of(database);
        if (count < last) rising = false;
        last = count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  database.flush();
  CHECK(rising);
  CHECK(count_of(database) == 1'000);
  CHECK(database.counts().commits < 1'000);
}

TEST_CASE("a read sees one moment, whatever is written meanwhile") {
  const Folder folder;
  Database database(folder.file(), {}, numbers_schema);
  database.read([&](Connection& c) {
    const auto count = [&] {
      Statement row = c.prepare("SELECT COUNT(*) FROM numbers");
      return row.step() ? row.int64(0) : -1;
    };
    CHECK(count() == 0);
    database.write(Durability::normal, [](Connection& w) { insert(w, 1); }).get();
    CHECK(count() == 0);
    CHECK_THROWS_AS(insert(c, 2), Error);  // readers cannot write
  });
  CHECK(count_of(database) == 1);
}

TEST_CASE("closing works the queue off") {
  const Folder folder;
  {
    Database database(folder.file(), {}, numbers_schema);
    Brake brake(database);
    for (std::int64_t n = 0; n < 50; ++n) database.post(Durability::normal, [n](Connection& c) { insert(c, n); });
    brake.release();
  }
  Database database(folder.file(), {}, numbers_schema);
  CHECK(count_of(database) == 50);
}

TEST_CASE("a process killed in mid-write loses nothing that was acknowledged") {
  const Folder folder;
  for (int round = 0; round < 5; ++round) {
    int acknowledged[2];
    REQUIRE(::pipe(acknowledged) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      Database database(folder.file(), {}, numbers_schema);
      for (std::int64_t n = round * 1'000'000;; ++n) {
        database.write(Durability::normal, [n](Connection& c) { insert(c, n); }).get();
        if (::write(acknowledged[1], &n, sizeof n) != sizeof n) ::_exit(1);
      }
    }
    ::close(acknowledged[1]);
    std::int64_t n = 0;
    for (int i = 0; i < 20 + 30 * round; ++i) REQUIRE(::read(acknowledged[0], &n, sizeof n) == sizeof n);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(acknowledged[0], &n, sizeof n) == sizeof n) {
    }
    ::close(acknowledged[0]);
    Database database(folder.file(), {}, numbers_schema);
    const std::int64_t there = database.read([&](Connection& c) {
      Statement row =
          c.query("SELECT COUNT(*) FROM numbers WHERE n >= ?1 AND n <= ?2", std::int64_t{round} * 1'000'000, n);
      return row.step() ? row.int64(0) : -1;
    });
    CHECK(there == n - round * 1'000'000 + 1);
  }
}

// ---- a full disk -----------------------------------------------------------------------------------------------------

TEST_CASE("a full database fails the writes that need room, and only them, until there is room again") {
  const Folder folder;
  Database database(folder.file(), {}, numbers_schema);
  const auto limit_pages = [](int pages) {
    return [pages](Connection& c) { c.execute(("PRAGMA max_page_count = " + std::to_string(pages)).c_str()); };
  };
  database.write(Durability::normal, limit_pages(12)).get();
  Brake brake(database);
  const auto large = [](Connection& c) {
    c.run("INSERT INTO numbers (n, text) VALUES (?1, ?2)", std::int64_t{-1}, std::string(200'000, 'x'));
  };
  auto before = database.write(Durability::normal, [](Connection& c) { insert(c, 1); });
  auto failing = database.write(Durability::normal, large);
  auto after = database.write(Durability::full, [](Connection& c) { insert(c, 2); });
  brake.release();
  CHECK_NOTHROW(before.get());
  const Error error = error_of([&] { failing.get(); });
  CHECK(error.code() == Code::busy);
  CHECK(std::string(error.what()).find("no space is left for the database") != std::string::npos);
  CHECK_FALSE(error.hint().empty());
  CHECK_NOTHROW(after.get());
  CHECK(count_of(database) == 2);
  database.write(Durability::normal, limit_pages(1'000)).get();
  CHECK_NOTHROW(database.write(Durability::normal, large).get());
  CHECK(count_of(database) == 3);
}

namespace {

void write_file(const char* path, const std::string& text) { std::ofstream(path) << text; }

// A mount name space of this process' own, as root or by being root in a user name space of its own.
bool leave_mounts() {
  const std::string uid = std::to_string(::getuid());
  const std::string gid = std::to_string(::getgid());
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + uid + " 1");
    write_file("/proc/self/gid_map", "0 " + gid + " 1");
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// In a child with a file system of its own. 0: as promised; 77: this kernel does not let us.
int fill_small_disk(const std::string& folder) {
  if (!leave_mounts()) return 77;
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=512k") != 0) return 77;
  Database database(folder + "/m.db", {}, numbers_schema);
  std::int64_t stored = 0;
  int failures = 0;
  const auto large = [](std::int64_t n) {
    return [n](Connection& c) { c.run("INSERT INTO numbers (n, text) VALUES (?1, ?2)", n, std::string(20'000, 'x')); };
  };
  for (std::int64_t n = 0; n < 60; ++n) {
    try {
      database.write(n % 2 == 0 ? Durability::full : Durability::normal, large(n)).get();
      ++stored;
    } catch (const Error& error) {
      if (error.code() != Code::busy) return 2;
      ++failures;
    }
  }
  if (failures == 0 || stored == 0) return 3;
  if (count_of(database) != stored) return 4;
  if (::mount("tmpfs", folder.c_str(), "tmpfs", MS_REMOUNT, "size=8m") != 0) return 77;
  try {
    database.write(Durability::full, large(1'000)).get();
  } catch (const Error&) {
    return 5;
  }
  return count_of(database) == stored + 1 ? 0 : 6;
}

}  // namespace

TEST_CASE("on a disk that is really full writes fail as busy, nothing stored is lost, and room makes it well") {
  const Folder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      ::_exit(fill_small_disk(folder.file("")));
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s\n", problem.what());
      ::_exit(9);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    MESSAGE("skipped: no right to mount a file system here");
  } else {
    CHECK(WEXITSTATUS(status) == 0);
  }
}

// ---- files that are not as they should be ------------------------------------------------------------------------------

TEST_CASE("migrations are applied once, in order, and old files are brought up to date") {
  const Folder folder;
  {
    Database database(folder.file(), {}, numbers_schema);
    database.write(Durability::full, [](Connection& c) { insert(c, 7); }).get();
  }
  for (int round = 0; round < 2; ++round) {
    Database database(folder.file(), {}, more_schema);
    CHECK(count_of(database) == 1);
    CHECK(database.read([](Connection& c) {
      Statement row = c.prepare("SELECT COUNT(*) FROM words");
      return row.step() ? row.int64(0) : -1;
    }) == 1);
  }
}

TEST_CASE("a failing migration changes nothing") {
  const Folder folder;
  { Database database(folder.file(), {}, numbers_schema); }
  constexpr std::array broken{numbers_schema[0],
                              Migration{2, "broken", "CREATE TABLE half (x TEXT); CREATE TABLE numbers (y TEXT)"}};
  CHECK_THROWS_AS(Database(folder.file(), {}, broken), Error);
  Database database(folder.file(), {}, more_schema);  // number 2 is still free
  CHECK(count_of(database) == 0);
}

TEST_CASE("a file of a newer program is refused and left alone") {
  const Folder folder;
  { Database database(folder.file(), {}, more_schema); }
  const std::string before = content_of(folder.file());
  const Error error = error_of([&] { Database database(folder.file(), {}, numbers_schema); });
  CHECK(error.code() == Code::unsupported);
  CHECK(std::string(error.what()).find("was made by a newer mortise (schema 2; this one knows up to 1)") !=
        std::string::npos);
  CHECK(content_of(folder.file()) == before);
}

TEST_CASE("a file whose migrations differ is refused and left alone") {
  const Folder folder;
  { Database database(folder.file(), {}, numbers_schema); }
  const std::string before = content_of(folder.file());
  constexpr std::array edited{Migration{1, "numbers", "CREATE TABLE numbers (n BIGINT PRIMARY KEY)"}};
  CHECK(error_of([&] { Database database(folder.file(), {}, edited); }).code() == Code::conflict);
  CHECK(content_of(folder.file()) == before);
}

TEST_CASE("files that are no database of ours are refused and left alone") {
  const Folder folder;
  const auto refused = [&](const char* name) {
    const std::string before = content_of(folder.file(name));
    const Error error = error_of([&] { Database database(folder.file(name), {}, numbers_schema); });
    CAPTURE(std::string(error.what()));
    CHECK(error.code() == Code::invalid);
    CHECK(error.detail("file") == folder.file(name));
    CHECK(content_of(folder.file(name)) == before);
  };
  std::ofstream(folder.file("text")) << "this is a letter to my mother\n";
  refused("text");
  {
    Connection other(folder.file("other"), Connection::Mode::write, 1s);
    other.execute("CREATE TABLE t (x TEXT)");
  }
  refused("other");
  std::ofstream(folder.file("other-journal")) << "";
  refused("other");
  CHECK(error_of([&] { Database database(folder.file("none/m.db"), {}, numbers_schema); }).code() == Code::not_found);
  CHECK(error_of([&] { Database database("/tmp", {}, numbers_schema); }).code() != Code::internal);
}

TEST_CASE("a database cut or changed anywhere gives an error or what is left, never a crash") {
  const Folder folder;
  {
    Database database(folder.file(), {}, numbers_schema);
    for (std::int64_t n = 0; n < 300; ++n) database.post(Durability::normal, [n](Connection& c) { insert(c, n); });
  }
  const std::string whole = content_of(folder.file());
  REQUIRE(whole.size() > 8'000);
  const auto survives = [&](const std::string& content) {
    std::filesystem::remove(folder.file("cut-wal"));
    std::filesystem::remove(folder.file("cut-shm"));
    std::ofstream(folder.file("cut"), std::ios::binary) << content;
    try {
      Database database(folder.file("cut"), {}, numbers_schema);
      CHECK(count_of(database) >= 0);
      database.write(Durability::normal, [](Connection& c) { insert(c, 100'000); }).get();
    } catch (const Error& error) {
      CAPTURE(std::string(error.what()));
      CHECK(error.code() != Code::internal);
    }
  };
  for (std::size_t size = 1; size < whole.size(); size += size < 200 ? 1 : 61) survives(whole.substr(0, size));
  for (std::size_t at = 0; at < whole.size(); at += at < 120 ? 1 : 97) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    survives(changed);
  }
}

TEST_CASE("a database that another process holds is busy, and free later") {
  const Folder folder;
  Database database(folder.file(), {.busy_timeout = 50ms}, numbers_schema);
  Connection other(folder.file(), Connection::Mode::write, 1s);
  other.execute("BEGIN IMMEDIATE");
  auto first = database.write(Durability::normal, [](Connection& c) { insert(c, 1); });
  auto second = database.write(Durability::normal, [](Connection& c) { insert(c, 2); });
  CHECK(error_of([&] { first.get(); }).code() == Code::busy);
  CHECK(error_of([&] { second.get(); }).code() == Code::busy);
  other.execute("COMMIT");
  CHECK_NOTHROW(database.write(Durability::normal, [](Connection& c) { insert(c, 3); }).get());
}
