#include "runtime/zygote/zygote.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string_view>

#include "os/file.h"
#include "os/socket.h"
#include "runtime/zygote/birth.h"
#include "runtime/zygote/request.h"
#include "runtime/zygote/waiting.h"

namespace mortise::runtime::zygote {
namespace {

constexpr int launcher = 3;
int line_of_unborn = -1;  // in a process that was forked and is not a worker yet
constexpr std::chrono::seconds patience{10};

// Where the kernel reads what it shows as the environment of the process: the launcher reserved a place there (zygotes.cc), from
// which a worker's descendants are known (launcher/strays.h).
std::span<char> place_of_mark() noexcept {
  static const std::span<char> place = [] {
    char* value = ::getenv("MORTISE_WORKER");
    return value == nullptr ? std::span<char>() : std::span<char>(value, std::strlen(value));
  }();
  return place;
}

void show_mark(std::string_view mark) noexcept {
  const std::span<char> place = place_of_mark();
  if (mark.size() > place.size()) return;
  std::memset(place.data(), 0, place.size());
  std::memcpy(place.data(), mark.data(), mark.size());
}

template <typename Message>
bool tell(const Message& message) noexcept {
  try {
    return os::send_all(launcher, std::as_bytes(std::span(&message, 1)), {}, patience);
  } catch (const std::exception&) {
    return false;
  }
}

// What the interpreter put into the environment itself when it started, as R does from its Renviron.
std::vector<std::string>& own_variables() {
  static std::vector<std::string> all;
  return all;
}

void find_own_variables() {
  const std::string given = os::read_file("/proc/self/environ", 1U << 20);
  for (char** one = environ; one != nullptr && *one != nullptr; ++one) {
    const std::string name = std::string(*one).substr(0, std::string_view(*one).find('=') + 1);
    if (!given.starts_with(name) && given.find('\0' + name) == std::string::npos) own_variables().emplace_back(*one);
  }
}

// ---- the new worker --------------------------------------------------------------------------------------------------------

void set_all(const std::vector<std::string>& environment) noexcept {
  constexpr int keep_what_is_there = 0;
  for (const std::string& entry : environment) {
    const std::size_t sign = entry.find('=');
    if (sign != std::string::npos && sign != 0) ::setenv(entry.substr(0, sign).c_str(), entry.c_str() + sign + 1, keep_what_is_there);
  }
}

void replace_environment(const std::vector<std::string>& environment) noexcept {
  ::clearenv();
  set_all(environment);
  set_all(own_variables());
}

void be_worker(int line) noexcept {
  const sandbox::Steps unconfined(line);
  Told told;
  try {
    told = wait_for_birth(line);
  } catch (const std::exception& error) {
    errno = 0;
    unconfined("take its order: '%s'", error.what(), false);
  }
  const sandbox::Steps step = be_born(told.birth.plan.plan, told.birth.place.folder, told.descriptors(line), Signals::keep);
  for (os::Fd& one : told.came) (void)one.release();  // closed, and some of their numbers taken again
  replace_environment(told.birth.place.environment);
  show_mark(told.birth.place.mark);
  // As after the start of a program, which makes a process its user's own again.
  step("become its user's own", ::prctl(PR_SET_DUMPABLE, 1) == 0);
  step("close the report", ::syscall(SYS_close_range, launcher + 1U, ~0U, 0U) == 0);
}

// ---- the zygote --------------------------------------------------------------------------------------------------------------

// 0, 1 in the child, -1 at the end.
int serve_one() {
  Request request;
  std::vector<os::Fd> came;
  const os::Transfer got = os::receive_some(launcher, std::as_writable_bytes(std::span(&request, 1)), came, os::max_passed_descriptors, os::Wait::yes);
  if (got.io != os::Io::done || got.bytes != sizeof request || request.tag != Request::right || came.empty()) return -1;
  sandbox::Spaces spaces;
  spaces.fill(-1);
  std::size_t next = 1;
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    if ((request.spaces & (1U << i)) == 0) continue;
    if (next >= came.size()) return -1;
    spaces[i] = came[next++].get();
  }
  const sandbox::Sibling sibling = sandbox::fork_sibling(spaces);
  if (sibling.inside) {
    line_of_unborn = came.front().release();
    return 1;
  }
  Born born;
  born.pid = sibling.pid;
  born.helper = sibling.helper;
  born.error = sibling.error;
  return tell(born) ? 0 : -1;
}

bool is_single_threaded() {
  const auto tasks = std::filesystem::directory_iterator("/proc/self/task");
  return std::distance(begin(tasks), end(tasks)) == 1;
}

int begin_serving(const char* problem) {
  Ready ready;
  (void)place_of_mark();
  find_own_variables();
  reserve_descriptors();
  if (problem == nullptr || *problem == '\0') problem = is_single_threaded() ? "" : "what it loaded started threads";
  std::snprintf(ready.problem, sizeof ready.problem, "%s", problem);
  return tell(ready) && *problem == '\0' ? 0 : -1;
}

}  // namespace
}  // namespace mortise::runtime::zygote

int mortise_zygote_begin(const char* problem) {
  try {
    return mortise::runtime::zygote::begin_serving(problem);
  } catch (const std::exception&) {
    return -1;
  }
}

int mortise_zygote_next(void) {
  try {
    return mortise::runtime::zygote::serve_one();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mortise zygote: %s\n", error.what());
    return -1;
  }
}

void mortise_zygote_be_born(void) { mortise::runtime::zygote::be_worker(mortise::runtime::zygote::line_of_unborn); }

const char* mortise_zygote_variable(int index) {
  if (index < 0) return nullptr;
  for (char** one = environ; one != nullptr && *one != nullptr; ++one) {
    if (index-- == 0) return *one;
  }
  return nullptr;
}
