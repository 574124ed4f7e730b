#include "os/open_memory.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "os/fd.h"

using namespace mortise;

namespace {

os::Fd memory_of(std::size_t bytes) {
  os::Fd file(::memfd_create("test", MFD_CLOEXEC));
  const std::vector<char> content(bytes, 'x');
  REQUIRE(::write(file.get(), content.data(), content.size()) == static_cast<ssize_t>(bytes));
  return file;
}

}  // namespace

TEST_CASE("memory files of another process are counted, each once, and without those that are ours") {
  constexpr std::size_t large = 4U << 20;
  const os::Fd ours = memory_of(large);
  const os::Fd mapped = memory_of(large);
  void* place = ::mmap(nullptr, large, PROT_READ, MAP_SHARED, mapped.get(), 0);
  REQUIRE(place != MAP_FAILED);
  std::array<int, 2> told{}, ends{};
  REQUIRE(::pipe(told.data()) == 0);
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const os::Fd its = memory_of(large);
    const int same = ::dup(its.get());
    ::close(ends[1]);
    char byte = 'x';
    (void)!::write(told[1], &byte, 1);
    (void)!::read(ends[0], &byte, 1);
    ::_exit(same < 0);
  }
  char byte = 0;
  REQUIRE(::read(told[0], &byte, 1) == 1);
  os::OpenMemory all;
  os::add_open_memory(child, all);
  CHECK(os::size_of(all) == 3 * large);
  os::without_own_memory(all);
  CHECK(os::size_of(all) == large);
  ::close(ends[1]);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  ::munmap(place, large);
  os::OpenMemory none;
  os::add_open_memory(child, none);
  CHECK(none.empty());
}
