// What a launcher says to a zygote, and what it says to the process that was forked from one.
//
//   zygote -> launcher   Ready     once: it has loaded what it loads and waits
//   launcher -> zygote   Request   fork into these namespaces; with the end of a line, and the namespaces, as descriptors
//   zygote -> launcher   Born      what came of it
//   launcher -> child    over the line, perhaps a packet (write_entrance) with the doors of a control group to enter while it waits;
//                        then one (write_birth) with its descriptors, upon which it becomes a worker and reports over the line
//
// So what concerns one worker only (its files, its environment, its sockets) never comes into the memory of the zygote, from
// which the next worker will be forked. Both are SOCK_SEQPACKET; both ends are always the same build.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "os/fd.h"
#include "runtime/sandbox/entry.h"
#include "runtime/sandbox/plan_packet.h"

namespace mortise::runtime::zygote {

struct Ready {
  static constexpr std::uint32_t right = 0x4d5a5231;
  std::uint32_t tag = right;
  char problem[252] = {};  // why it cannot serve; empty: it can
};
struct Request {
  static constexpr std::uint32_t right = 0x4d5a5131;
  std::uint32_t tag = right;
  std::uint32_t spaces = 0;  // bit i: the next descriptor is the one of sandbox::space_kinds[i]
};
struct Born {
  static constexpr std::uint32_t right = 0x4d5a4231;
  std::uint32_t tag = right;
  std::int32_t pid = 0;
  std::int32_t helper = 0;
  std::int32_t error = 0;
};

// A packet begins with what it is.
enum class Letter : std::uint8_t { enter, birth };
[[nodiscard]] Letter letter_of(std::span<const std::byte> packet);

[[nodiscard]] std::vector<std::byte> write_entrance(std::size_t doors);
void read_entrance(std::span<const std::byte> packet, std::size_t doors);  // throws Error{invalid}

// `own` are its protocol, output and errors, then way_out (or nothing), then the doors.
struct BirthPlace {
  std::vector<std::string> arguments;  // of a program; none: it has its program already
  std::vector<std::string> environment;
  std::string folder;
  std::string mark;  // what launcher/strays.h knows it by
  bool has_network = false;
};
[[nodiscard]] std::vector<std::byte> write_birth(const BirthPlace& place, const sandbox::Plan& plan, std::span<const int> own, std::vector<int>& descriptors);

struct ReceivedBirth {
  BirthPlace place;
  sandbox::ReceivedPlan plan;
  std::vector<int> own;
};
[[nodiscard]] ReceivedBirth read_birth(std::span<const std::byte> packet, const std::vector<int>& descriptors);

}  // namespace mortise::runtime::zygote
