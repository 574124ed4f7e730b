// What the host and its launcher say to each other, one packet each way (SOCK_SEQPACKET), in a fixed binary form.
//
//   host -> launcher   Order     start this program, or fork it from a zygote; the descriptors for its 3, 1 and 2 travel with it, and after
//                                them the doors of its control groups, if it has any
//   host -> launcher   Prepare   have a zygote ready
//                      Lend      the control group that the next worker of a kind will live in; its doors travel with it
//   launcher -> host   Started   it runs; its pidfd travels with it, and where its policy says `egress` those of its
//                                network (doors/doors.h)
//                      Refused   it does not, and why
//                      Died      a worker ended (after its process group was killed, too)
//
// Decoding checks every length and count and throws Error{invalid}; it never reads beyond the packet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "runtime/sandbox/packet.h"
#include "runtime/sandbox/policy.h"

namespace mortise::runtime::launcher {

using sandbox::max_packet;
inline constexpr std::size_t order_descriptors = 3;
inline constexpr std::size_t max_doors = 8;  // more descriptors after those: files to write "0" into

// What to start a process with that has the worker's interpreter loaded and becomes workers by forking.
struct ZygoteWords {
  std::vector<std::string> arguments, environment;
  std::uint32_t after = 0;  // so many workers start as programs before one is worth having
};

struct Order {
  std::uint64_t id = 0;
  std::vector<std::string> arguments;    // the first is the program's absolute path
  std::vector<std::string> environment;  // "NAME=value"; all the program gets
  std::string folder;                    // to run in
  sandbox::Policy policy;                // how it is confined
  std::optional<ZygoteWords> zygote;     // absent: it starts as a program
  std::string why_no_zygote = "programs have none";
  std::uint64_t group = 0;  // the number of its control group, which may have been lent before; 0: it has none
};

// A process forked ahead for the next worker of this kind enters the group before anybody waits for it. Nothing answers.
struct Lend {
  std::optional<ZygoteWords> words;  // absent: workers that start as programs
  std::uint64_t group = 0;
};

// Start this zygote, if it does not run. Nothing answers.
struct Prepare {
  ZygoteWords words;
};

struct Started {
  std::uint64_t id = 0;
  std::int32_t pid = 0;
  std::string cold;  // why it was not forked from a zygote; empty: it was
};

struct Refused {
  std::uint64_t id = 0;
  std::int32_t error = 0;  // errno, 0 when there is none
  std::string what;
};

struct Died {
  std::int32_t pid = 0;
  std::int32_t wait_status = 0;
  std::uint64_t user_microseconds = 0;
  std::uint64_t system_microseconds = 0;
  std::uint64_t peak_resident = 0;  // bytes
};

using Request = std::variant<Order, Prepare, Lend>;
using Report = std::variant<Started, Refused, Died>;

[[nodiscard]] std::vector<std::byte> encode(const Order& order);  // throws Error{invalid} when it is too large
[[nodiscard]] std::vector<std::byte> encode(const Prepare& prepare);
[[nodiscard]] std::vector<std::byte> encode(const Lend& lend);
[[nodiscard]] std::vector<std::byte> encode(const Report& report);
[[nodiscard]] Request decode_request(std::span<const std::byte> packet);
[[nodiscard]] Report decode_report(std::span<const std::byte> packet);
// The id of a packet that may be broken otherwise, so that it can be refused; 0 when it has none.
[[nodiscard]] std::uint64_t order_id(std::span<const std::byte> packet) noexcept;

}  // namespace mortise::runtime::launcher
