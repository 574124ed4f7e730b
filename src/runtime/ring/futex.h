// Sleeping on a word of memory that two processes share.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdint>
#include <ctime>

namespace mortise::runtime {

// Sleeps while the word is `seen`, for `most` at the longest. Returns early as it likes.
inline void futex_wait(std::uint32_t& word, std::uint32_t seen, std::chrono::nanoseconds most) noexcept {
  const timespec timeout{static_cast<std::time_t>(most.count() / 1'000'000'000),
                         static_cast<long>(most.count() % 1'000'000'000)};
  (void)::syscall(SYS_futex, &word, FUTEX_WAIT, seen, &timeout, nullptr, 0);
}

inline void futex_wake(std::uint32_t& word) noexcept {
  (void)::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace mortise::runtime
