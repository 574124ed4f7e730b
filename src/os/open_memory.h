// Memory files that processes hold open: memory that no mapping shows, and that belongs to nobody but whoever holds it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <utility>

namespace mortise::os {

using OpenMemory = std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>;  // bytes by device and inode

// Adds those of the process, each once. What cannot be looked at holds none.
void add_open_memory(pid_t pid, OpenMemory& all);
// Takes out those that this process holds or has mapped: they are its own, and the others' to use.
void without_own_memory(OpenMemory& all);
[[nodiscard]] std::uint64_t size_of(const OpenMemory& all) noexcept;
// The part of os::proportional_memory() that is memory files and other shared memory. Slow likewise.
[[nodiscard]] std::uint64_t proportional_shared_memory(pid_t pid) noexcept;

}  // namespace mortise::os
