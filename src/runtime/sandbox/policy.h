// Policy: what one confined process may see, use and do. Values only; it has never heard of plugins.
//
// A process sees nothing of the machine but the paths of its policy, a private temporary folder, its own /proc and a few
// devices; it talks to nobody but over the descriptors it was given, and to the network only where the policy says so. Each
// layer is used where the kernel has it. A policy that requires a layer the machine lacks is refused with the reason, so
// nothing ever runs with less than was asked for. What each layer does, and which of them a machine has: docs/sandbox.md.
//
// Set aside: a policy per system call. One filter denies what no plugin needs; a list of what each may do would break with
// every new libc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::runtime::sandbox {

enum class Layer : std::uint8_t {
  private_root,       // a mount namespace: the paths of the policy, read-only unless it says otherwise, and nothing else
  own_processes,      // a pid namespace with its own /proc; what is left in it ends with the process
  own_network,        // a network namespace with nothing in it
  own_ipc,            // System V and POSIX message queues, shared memory and semaphores of its own
  own_names,          // host name and view of the control groups
  own_user,           // a uid that no other worker has (only where the host is root)
  landlock_files,     // the paths again, held by the kernel's access rules instead of by mounts
  landlock_network,   // no TCP connect or bind
  landlock_scopes,    // no signals and no abstract Unix sockets beyond its own processes
  system_calls,       // the seccomp filter
  no_capabilities,    // in all five sets
  no_new_privileges,  // set-uid programs give nothing
  resource_limits,    // rlimits: open files, file size, processes, core dumps, real time
  closed_descriptors, // nothing of the launcher's but 0 to 3
  control_groups,     // memory, processor time and processes counted by the kernel for the worker and all it starts
};
inline constexpr std::size_t layer_count = 15;

// "private-root": as docs, doctor and messages say it.
[[nodiscard]] std::string_view name_of(Layer layer) noexcept;
[[nodiscard]] std::optional<Layer> layer_named(std::string_view name) noexcept;

class Layers {
 public:
  constexpr Layers() = default;
  constexpr Layers(std::initializer_list<Layer> layers) {
    for (const Layer layer : layers) add(layer);
  }
  [[nodiscard]] static constexpr Layers all() { return Layers((1U << layer_count) - 1); }
  // Throws nothing: bits that mean no layer are dropped.
  [[nodiscard]] static constexpr Layers of_bits(std::uint32_t bits) { return Layers(bits & all().bits_); }
  constexpr void add(Layer layer) { bits_ |= bit(layer); }
  constexpr void remove(Layer layer) { bits_ &= ~bit(layer); }
  [[nodiscard]] constexpr bool has(Layer layer) const { return (bits_ & bit(layer)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] constexpr Layers without(Layers other) const { return Layers(bits_ & ~other.bits_); }
  friend constexpr bool operator==(Layers, Layers) = default;

 private:
  constexpr explicit Layers(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Layer layer) { return 1U << static_cast<unsigned>(layer); }
  std::uint32_t bits_ = 0;
};
[[nodiscard]] std::string names_of(Layers layers);  // "private-root, own-network"

// A file or folder of the host that the process sees at the same path. A link is followed once, when the process starts.
// Of two paths, one in the other, the inner one holds for what is in it, whatever their order.
struct Path {
  enum class Access : std::uint8_t {
    read,     // and list
    execute,  // read, and start programs in it
    write,    // read, change, make and remove; files made there belong to the folder's owner
    write_and_execute,  // and start programs in it: for who builds and starts what it built
    hidden,   // a folder inside a shown one that is empty for the process. Without a private root this takes the right to make
              // files in the folders around it, too: Landlock can only give
  };
  enum class Presence : std::uint8_t { must_exist, may_be_missing };

  [[nodiscard]] static constexpr bool writes(Access access) { return access == Access::write || access == Access::write_and_execute; }

  std::string path;  // absolute
  Access access = Access::read;
  Presence presence = Presence::must_exist;
};

enum class Network : std::uint8_t {
  none,    // no sockets but Unix ones among its own processes
  egress,  // internet sockets in its own network namespace, which is empty: whoever started it brings the way out in
  DANGEROUSLY_the_hosts,  // the host's own network, loopback services included
};

struct Limits {
  std::uint64_t memory = 0;         // bytes, by a control group; 0: none
  std::uint32_t cpu_weight = 100;   // 1 to 10000 against other workers, by a control group
  std::uint32_t cpu_quota = 0;      // thousandths of one processor, by a control group; 0: none
  std::uint32_t processes = 0;      // and threads; 0: none
  std::uint32_t open_files = 256;   // of each process
  std::uint64_t file_size = std::uint64_t{1} << 40;  // of each file it writes
  std::uint64_t temporary = std::uint64_t{256} << 20;  // bytes in its private /tmp, and as many in /dev/shm
};

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

struct Policy {
  std::vector<Path> paths;  // beside the system's own programs and libraries, when `system` is set
  bool system = true;       // /usr, /lib and the little of /etc that programs need, to read and execute
  Network network = Network::none;
  Limits limits;
  Layers required;           // missing on this machine: it does not start
  std::optional<User> user;  // own_user as this one. Absent: the launcher takes a free one of its range

  // For tests and `mortise doctor`, which prove every layer with the others off. Nothing else may set it, and a layer that
  // is both required and off is refused.
  Layers DANGEROUSLY_off;
};

inline constexpr std::size_t max_paths = 256;

// As part of a packet of the launcher or a zygote (packet.h). Decoding throws Error{invalid} for anything it does not know.
class Writer;
class Reader;
void write(Writer& out, const Policy& policy);
void write(Writer& out, const Path& path);
void write(Writer& out, const Limits& limits);
[[nodiscard]] Policy read_policy(Reader& in);
[[nodiscard]] Path read_path(Reader& in);
[[nodiscard]] Limits read_limits(Reader& in);

}  // namespace mortise::runtime::sandbox
