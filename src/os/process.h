// Other processes: handles that cannot mean a stranger, how they ended in words, and who descends from whom.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "os/fd.h"

namespace mortise::os {

// A handle on the process; it never refers to another one, even when the number is used again (pidfd). Throws
// Error{not_found} when there is none with this number.
[[nodiscard]] Fd open_process(pid_t pid);

// Sends the signal through the handle. False: the process is gone already.
bool send_signal(const Fd& process, int signal) noexcept;

// True while the process has not ended; one that ended but was not waited for counts as ended.
[[nodiscard]] bool is_running(const Fd& process) noexcept;

// "exited with status 3", "killed by signal 9 (SIGKILL)", "killed by signal 6 (SIGABRT), core dumped".
[[nodiscard]] std::string describe_exit(int wait_status);
// "SIGKILL", or "signal 64" when it has no name.
[[nodiscard]] std::string signal_name(int signal);

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';             // as in /proc: R S D Z T ...
  std::uint64_t resident = 0;   // bytes
  std::uint64_t cpu_ticks = 0;  // user and system, in units of sysconf(_SC_CLK_TCK)
};
// All processes that can be seen now, from /proc. Slow: about 20 us each.
[[nodiscard]] std::vector<ProcessInfo> list_processes();
[[nodiscard]] std::vector<ProcessInfo> descendants_of(pid_t ancestor, const std::vector<ProcessInfo>& all);

// Bytes of memory of the process, where what it shares with others counts by its part. Slow: up to milliseconds for one that is
// large. 0 when it ended, or may not be looked into.
[[nodiscard]] std::uint64_t proportional_memory(pid_t pid) noexcept;
// Bytes of memory of the process that are in the machine's memory now, shared ones included. 0 when it ended.
[[nodiscard]] std::uint64_t resident_memory(pid_t pid) noexcept;
// Processor time of all threads of the process since it began, without its children. Below a microsecond. 0 when it ended.
[[nodiscard]] std::chrono::nanoseconds processor_time(pid_t pid) noexcept;

// Absolute path of the program that runs.
[[nodiscard]] std::string own_executable();
// Bytes of memory of the machine, or of the container when that is less.
[[nodiscard]] std::uint64_t physical_memory();
// Processors this process may use.
[[nodiscard]] unsigned usable_processors() noexcept;

}  // namespace mortise::os
