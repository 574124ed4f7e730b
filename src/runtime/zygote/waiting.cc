#include "runtime/zygote/waiting.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <cstddef>
#include <span>

#include "os/socket.h"

namespace mortise::runtime::zygote {
namespace {

std::vector<std::byte> receive(int line, std::vector<os::Fd>& came) {
  // As large as it is: memory that is not touched stays shared.
  const ssize_t size = ::recv(line, nullptr, 0, MSG_PEEK | MSG_TRUNC);
  if (size <= 0) throw Error(Code::internal, "the launcher went away");
  std::vector<std::byte> packet(static_cast<std::size_t>(size));
  const os::Transfer got = os::receive_some(line, packet, came, os::max_passed_descriptors, os::Wait::yes);
  if (got.io != os::Io::done) throw Error(Code::internal, "the launcher went away");
  packet.resize(got.bytes);
  return packet;
}

std::vector<int> numbers_of(const std::vector<os::Fd>& all) {
  std::vector<int> numbers;
  for (const os::Fd& one : all) numbers.push_back(one.get());
  return numbers;
}

// So that whoever looks at the machine's processes takes it for no worker.
class NameMeanwhile {
 public:
  NameMeanwhile() noexcept {
    ::prctl(PR_GET_NAME, own_);
    ::prctl(PR_SET_NAME, "mortise-unborn");
  }
  ~NameMeanwhile() { ::prctl(PR_SET_NAME, own_); }
  NameMeanwhile(const NameMeanwhile&) = delete;
  NameMeanwhile& operator=(const NameMeanwhile&) = delete;

 private:
  char own_[16] = {};
};

}  // namespace

BirthDescriptors Told::descriptors(int line) const noexcept {
  const bool has_network = birth.place.has_network;
  const std::span<const int> own(birth.own);
  return {own[0], own[1], own[2], line, own.subspan(has_network ? 4 : 3), has_network ? own[3] : -1};
}

Told wait_for_birth(int line) {
  const NameMeanwhile waiting;
  while (true) {
    Told told;
    const std::vector<std::byte> packet = receive(line, told.came);
    const std::vector<int> numbers = numbers_of(told.came);
    if (letter_of(packet) == Letter::birth) {
      told.birth = read_birth(packet, numbers);
      return told;
    }
    read_entrance(packet, numbers.size());
    if (!enter_groups(numbers)) throw os::system_error("cannot enter its control groups", "");
  }
}

}  // namespace mortise::runtime::zygote
