#include "os/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace mortise::os {
namespace {

// Of newer kernels and headers than the oldest we build on.
#ifndef MFD_NOEXEC_SEAL
constexpr unsigned MFD_NOEXEC_SEAL = 0x0008U;
#endif
#ifndef F_SEAL_FUTURE_WRITE
constexpr int F_SEAL_FUTURE_WRITE = 0x0010;
#endif

}  // namespace

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

bool Mapping::contains(const void* address, std::uint64_t bytes) const noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(data_);
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  return data_ != nullptr && wanted >= begin && wanted - begin <= size_ && bytes <= size_ - (wanted - begin);
}

Mapping map(const Fd& file, std::uint64_t size, Access access) {
  const int protection = access == Access::write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* data = ::mmap(nullptr, size, protection, MAP_SHARED, file.get(), 0);
  if (data == MAP_FAILED) throw system_error("cannot map " + std::to_string(size) + " bytes of shared memory", "");
  ::madvise(data, size, MADV_HUGEPAGE);  // a wish; most systems have it off for shared memory
  ::madvise(data, size, MADV_DONTDUMP);
  return {static_cast<std::byte*>(data), size};
}

Fd make_memory_file(const std::string& name, std::uint64_t size) {
  int file = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (file < 0 && errno == EINVAL) file = ::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) throw system_error("cannot make a memory file", "");
  Fd owned(file);
  if (::ftruncate(owned.get(), static_cast<off_t>(size)) != 0) {
    throw system_error("cannot give a memory file " + std::to_string(size) + " bytes", "");
  }
  return owned;
}

void seal(const Fd& file, Seals seals) {
  int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (seals == Seals::size_and_future_write) wanted |= F_SEAL_FUTURE_WRITE;
  if (::fcntl(file.get(), F_ADD_SEALS, wanted) != 0) throw system_error("cannot seal a memory file", "");
}

void punch_hole(const Fd& file, std::uint64_t offset, std::uint64_t size) noexcept {
  (void)::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(size));
}

}  // namespace mortise::os
