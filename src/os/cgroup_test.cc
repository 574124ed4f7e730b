#include "os/cgroup.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace fs = std::filesystem;
using namespace mortise;
using namespace mortise::os;

namespace {

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

// A folder that looks like a tree of version 2 to whoever only reads and writes files.
struct Pretended {
  fs::path root = make_temporary_directory("/tmp/mortise-cgroup-test-");
  fs::path own = root / "tree/service";
  CgroupTree::Sources sources{(root / "mounts").string(), (root / "own").string()};

  explicit Pretended(const std::string& controllers = "cpuset cpu io memory hugetlb pids") {
    fs::create_directories(own);
    write(sources.mounts, "31 23 0:28 / " + (root / "tree").string() + " rw - cgroup2 cgroup2 rw\n");
    write(sources.own, "0::/service\n");
    write(own / "cgroup.controllers", controllers + "\n");
    for (const char* file : {"cgroup.type", "cgroup.procs", "cgroup.subtree_control"}) write(own / file, "");
  }
  ~Pretended() { fs::remove_all(root); }
};

// A child that goes through the doors, then does `work`.
template <typename Work>
int status_of(Cgroup& group, Work work) {
  const std::vector<int> doors = group.doors();
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const int door : doors) {
      if (::write(door, "0", 1) != 1) ::_exit(99);
    }
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

void take(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (std::size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
}

void skip(const CgroupTree& tree) { MESSAGE("skipped: " << tree.support().why_not); }

bool gone(Cgroup& group) {
  for (int look = 0; look < 100; ++look) {
    if (group.remove()) return true;
    ::usleep(10'000);
  }
  return false;
}

}  // namespace

TEST_CASE("a process over the memory of its group is killed, and the group tells why and how much it used") {
  const auto tree = CgroupTree::open();
  if (!tree->support().memory) return skip(*tree);
  Cgroup group = tree->make("memory");
  group.limit({.memory = 32U << 20});
  const int status = status_of(group, [] {
    take(256U << 20);
    return 0;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  const CgroupUse use = group.use();
  CHECK(use.oom_kills >= 1);
  CHECK(use.memory_peak >= (31U << 20));
  CHECK(use.memory_peak <= (33U << 20));
  CHECK(gone(group));
}

TEST_CASE("a group refuses processes beyond its limit, and counts processor time") {
  const auto tree = CgroupTree::open();
  if (!tree->support().processes) return skip(*tree);
  Cgroup group = tree->make("processes");
  group.limit({.processes = 4});
  const int status = status_of(group, [] {
    volatile std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 100'000'000; ++i) sum = sum + i;
    int made = 0;
    while (made < 20) {
      const pid_t pid = ::fork();
      if (pid < 0) break;
      if (pid == 0) ::pause();
      ++made;
    }
    return made;
  });
  CHECK(WEXITSTATUS(status) == 3);
  CHECK(group.use().refused_processes >= 1);
  CHECK(group.use().cpu.count() > 1000);
  CHECK_FALSE(group.remove());  // the three still wait
  group.kill();
  CHECK(gone(group));
}

TEST_CASE("what a dead process left is removed with all that lives in it when a tree is opened") {
  const auto tree = CgroupTree::open();
  if (!tree->support().processes) return skip(*tree);
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t host = ::fork();
  if (host == 0) {
    const auto its = CgroupTree::open();
    Cgroup group = its->make("worker");
    const pid_t worker = ::fork();
    if (worker == 0) {
      for (const int door : group.doors()) (void)!::write(door, "0", 1);
      (void)!::write(pipe[1], "x", 1);
      while (true) ::pause();
    }
    (void)!::write(pipe[1], &worker, sizeof worker);
    while (true) ::pause();
  }
  pid_t worker = 0;
  char ready = 0;
  std::array<char, sizeof worker + 1> said{};
  for (std::size_t got = 0; got < said.size();) got += ::read(pipe[0], said.data() + got, said.size() - got);
  const std::size_t mark = said[0] == 'x' ? 0 : sizeof worker;
  ready = said[mark];
  std::memcpy(&worker, said.data() + (mark == 0 ? 1 : 0), sizeof worker);
  REQUIRE(ready == 'x');
  ::kill(host, SIGKILL);
  ::waitpid(host, nullptr, 0);
  CHECK(::kill(worker, 0) == 0);
  (void)CgroupTree::open();
  bool dead = false;
  for (int look = 0; look < 500 && !dead; ++look) {
    dead = text_of("/proc/" + std::to_string(worker) + "/stat").find(") Z") != std::string::npos || ::kill(worker, 0) != 0;
    ::usleep(10'000);
  }
  CHECK(dead);
}

TEST_CASE("in a tree of version 2 into whose groups it may not move, nothing is left of the attempt") {
  const Pretended pretended;  // its folders get no files of their own, so that every move fails
  const auto tree = CgroupTree::open(pretended.sources);
  CHECK(tree->support().version == CgroupVersion::none);
  CHECK(tree->support().why_not.find("cannot move into") != std::string::npos);
  for (const auto& entry : fs::directory_iterator(pretended.own)) CHECK_FALSE(entry.is_directory());
}

TEST_CASE("where no controller of memory is offered, the tree says so") {
  const Pretended pretended("hugetlb");
  const auto tree = CgroupTree::open(pretended.sources);
  CHECK(tree->support().version == CgroupVersion::none);
  CHECK(tree->support().why_not.find("offers no memory controller") != std::string::npos);
}

TEST_CASE("limits and use of a group of version 2 are in its files") {
  const Pretended pretended;
  const fs::path folder = pretended.root / "group";
  fs::create_directories(folder);
  for (const char* file : {"memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max"}) write(folder / file, "");
  write(folder / "memory.peak", "1048576\n");
  write(folder / "memory.current", "4096\n");
  write(folder / "memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 1\n");
  write(folder / "pids.events", "max 5\n");
  write(folder / "cpu.stat", "usage_usec 1234\nuser_usec 1000\n");
  Cgroup group(CgroupVersion::v2, {{folder.string(), true, true, true, true}});
  group.limit({512U << 20, 100, 0.5});
  CHECK(text_of(folder / "memory.max") == "536870912");
  CHECK(text_of(folder / "memory.swap.max") == "0");
  CHECK(text_of(folder / "memory.oom.group") == "1");
  CHECK(text_of(folder / "pids.max") == "100");
  CHECK(text_of(folder / "cpu.max") == "50000 100000");
  const CgroupUse use = group.use();
  CHECK(use.memory_peak == 1048576);
  CHECK(use.memory == 4096);
  CHECK(use.oom_kills == 2);
  CHECK(use.refused_processes == 5);
  CHECK(use.cpu.count() == 1234);
  CHECK(group.take_memory_peak() == 1048576);
}
