#include "os/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "os/paths.h"

using namespace mortise;

namespace {

struct Folder {
  std::string path = os::make_temporary_directory("/tmp/mortise-os-");
  ~Folder() { (void)!::system(("rm -rf " + path).c_str()); }
  [[nodiscard]] std::string operator/(const char* name) const { return os::join(path, name); }
};

template <typename Action>
Code code_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::internal;
}

int entries(const std::string& folder) {
  int count = 0;
  const std::unique_ptr<FILE, int (*)(FILE*)> list(::popen(("ls -A " + folder + " | wc -l").c_str(), "r"), &::pclose);
  REQUIRE(::fscanf(list.get(), "%d", &count) == 1);
  return count;
}

}  // namespace

TEST_CASE("a file is read whole up to its limit, and refused with both numbers beyond it") {
  const Folder folder;
  os::write_file(folder / "a", std::string(10'000, 'x'));
  CHECK(os::read_file(folder / "a", 10'000).size() == 10'000);
  try {
    (void)os::read_file(folder / "a", 9'999);
    FAIL("must be refused");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    CHECK(error.detail("expected") == "at most 9999 bytes");
    CHECK(error.detail("got") == "10000 bytes");
  }
  CHECK_THROWS_AS((void)os::read_file("/dev/zero", 1'000'000), Error);  // has no end
  CHECK(os::read_file("/proc/self/stat", 4096).size() > 10);             // says size 0
  CHECK(os::read_file("/dev/null", 0).empty());
}

TEST_CASE("a failure names the file and tells the caller what to do") {
  const Folder folder;
  CHECK(code_of([&] { (void)os::read_file(folder / "gone", 10); }) == Code::not_found);
  CHECK(code_of([&] { (void)os::read_file(folder.path, 10); }) == Code::invalid);
  CHECK(code_of([&] { os::write_file(folder / "no/such/folder", ""); }) == Code::not_found);
  CHECK(code_of([&] { os::write_file("/dev/full/x", ""); }) == Code::invalid);
  const Error error = os::system_error("cannot write", "/disk/file", ENOSPC);
  CHECK(error.code() == Code::busy);
  CHECK(std::string(error.what()) == "cannot write '/disk/file': No space left on device");
  CHECK(error.detail("file") == "/disk/file");
  CHECK_FALSE(error.hint().empty());
}

TEST_CASE("a file is replaced whole or not at all, with its mode, and nothing else stays behind") {
  const Folder folder;
  os::write_file(folder / "a", "old", 0640);
  os::write_file(folder / "a", "new", 0600);
  CHECK(os::read_file(folder / "a", 100) == "new");
  struct stat status {};
  REQUIRE(::stat((folder / "a").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(entries(folder.path) == 1);
  os::make_directories(folder / "b/c/d");
  CHECK(code_of([&] { os::write_file(folder / "b", "x"); }) != Code::internal);  // a folder is in the way
  CHECK(entries(folder.path) == 2);
}

TEST_CASE("a reader never sees half of a file that is being replaced") {
  const Folder folder;
  const std::string a(200'000, 'a');
  const std::string b(100'000, 'b');
  os::write_file(folder / "f", a);
  std::thread writer([&] {
    for (int i = 0; i < 30; ++i) os::write_file(folder / "f", i % 2 == 0 ? b : a);
  });
  for (int i = 0; i < 200; ++i) {
    const std::string got = os::read_file(folder / "f", 1'000'000);
    CHECK((got == a || got == b));
  }
  writer.join();
}

TEST_CASE("a lock has one owner, names it, and is free when its process is gone") {
  const Folder folder;
  const std::string path = folder / "lock";
  CHECK_FALSE(os::LockFile::holder(path));
  int ready[2];
  REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = os::LockFile::take(path);
    (void)!::write(ready[1], "x", 1);
    ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(os::LockFile::holder(path) == child);
  try {
    (void)os::LockFile::take(path);
    FAIL("must be busy");
  } catch (const Error& error) {
    CHECK(error.code() == Code::busy);
    CHECK(error.detail("pid") == std::to_string(child));
    CHECK(std::string(error.what()) == "'" + folder.path + "' is in use by process " + std::to_string(child));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(os::LockFile::holder(path));
  {
    auto lock = os::LockFile::take(path);
    const auto moved = std::move(lock);
    CHECK(os::LockFile::holder(path) == ::getpid());
  }
  CHECK_FALSE(os::LockFile::holder(path));
  CHECK(os::read_file(path, 100).empty());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("folders of the user follow the XDG rules") {
  ::setenv("HOME", "/home/ada", 1);
  ::unsetenv("XDG_CONFIG_HOME");
  CHECK(os::config_home() == "/home/ada/.config/mortise");
  ::setenv("XDG_CONFIG_HOME", "relative/is/ignored", 1);
  CHECK(os::config_home() == "/home/ada/.config/mortise");
  ::setenv("XDG_CONFIG_HOME", "/etc/ada", 1);
  CHECK(os::config_home() == "/etc/ada/mortise");
  ::unsetenv("XDG_CONFIG_HOME");
  ::unsetenv("XDG_STATE_HOME");
  CHECK(os::state_home() == "/home/ada/.local/state/mortise");
  ::setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  CHECK(os::runtime_directory() == "/run/user/7/mortise");
}

TEST_CASE("paths are joined and cleaned as text") {
  CHECK(os::join("a", "b") == "a/b");
  CHECK(os::join("a/", "b") == "a/b");
  CHECK(os::join("a", "/b") == "/b");
  CHECK(os::absolute("/a/./b/../c//d/") == "/a/c/d");
  CHECK(os::absolute("/../..") == "/");
  CHECK(os::absolute("x").ends_with("/x"));
  CHECK(os::parent_of("/a/b/") == "/a");
  CHECK(os::parent_of("/a") == "/");
  CHECK(os::parent_of("a") == ".");
  CHECK(os::is_within("/a/b", "/a"));
  CHECK(os::is_within("/a", "/a"));
  CHECK_FALSE(os::is_within("/ab", "/a"));
  CHECK(os::is_within("/x", "/"));
}
