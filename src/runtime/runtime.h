// Runtime: ask a plugin to do something, wherever it runs. The one door of this room.
//
// It finds the descriptor in the registry, takes a warm instance from the pool (or starts one), makes the call and gives
// the instance back. Whatever happens to the plugin is an Outcome. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"
#include "plugin/descriptor.h"
#include "runtime/call.h"
#include "runtime/failure_gate.h"
#include "runtime/sandbox/policy.h"
#include "runtime/worker_groups.h"
#include "runtime/transport.h"

namespace mortise {
class Log;
}
namespace mortise::plugin {
struct Descriptor;
class Grants;
class Registry;
}

namespace mortise::runtime {

// The programs and folders the runtime needs. All absolute.
struct RuntimePaths {
  std::string launcher;        // mortise-launcher
  std::string worker;          // mortise-worker, for native plugins
  std::string python;          // the interpreter for Python workers
  std::string python_sdk;      // the folder with the package `mortise`
  std::string r_home;          // R's own folder (R RHOME); empty when there is no R
  std::string r_library;       // the R library with the package `mortise`
  std::string go;              // the go program, for plugins that come as Go source; empty when there is none
  std::string go_sdk;          // the folder with the Go module `mortise`
  std::string go_builds;       // where built Go plugins are kept, and Go's own cache; below the user's cache when empty
  std::string zygote;          // the library that makes a Python process one (runtime/zygote)
  std::string native_libraries;  // shared libraries of native plugins outside the system's folders; may be empty
  std::string working_folder;  // what relative paths of plugins mean; the present one when empty

  // The lay-out of a build tree (build/bin, sdk/python) and of an installation (bin, libexec/mortise,
  // share/mortise/python, share/mortise/go, lib/mortise/r), whichever has the launcher. MORTISE_PYTHON chooses another interpreter,
  // MORTISE_R_HOME another R, MORTISE_GO another go program.
  [[nodiscard]] static RuntimePaths beside(const std::string& executable);
};

struct RuntimeSettings {
  std::chrono::milliseconds deadline{60'000};   // of a call that has none, of a plugin that says none
  std::chrono::milliseconds grace{1'000};       // between a deadline (or a cancel) and the kill
  std::chrono::milliseconds handshake{10'000};  // from the start of a worker to its "ready"
  std::chrono::milliseconds idle{300'000};      // a warm instance that nobody used for so long goes
  std::chrono::milliseconds shutdown_bound{5'000};
  std::size_t most_idle = 64;  // warm instances that nobody uses, of all plugins together
  std::uint64_t memory_bytes = 0;  // of a worker whose descriptor does not say; 0: a quarter of the machine
  std::uint32_t open_files = 256;
  enum class Sandbox {
    automatic,        // every layer that this machine has
    required,         // no worker starts where one of required_layers() is missing
    DANGEROUSLY_off,  // workers are processes of the host's user, with all that this user may do
  };
  Sandbox sandbox = Sandbox::automatic;
  // What every worker sees beside its own package and language. The working folder when empty.
  std::vector<sandbox::Path> worker_paths;
  enum class Zygotes {
    off,     // every worker starts as a program
    later,   // once a second worker of its kind starts: for a process that will not live long
    first,   // once the first one does
    ahead,   // before any does (Runtime::make_zygotes)
  };
  Zygotes zygotes = Zygotes::later;
  std::uint32_t processes = 512;  // with threads, of a worker whose descriptor does not say
  bool cgroups = true;            // false: as where none can be made
  Transport transport = Transport::automatic;
  // How long a caller looks again and again before it sleeps; 0: as the machine allows, at the ring only
  // (docs/decisions/007-sleep-for-answers.md).
  std::chrono::microseconds spin{0};
  const plugin::Grants* grants = nullptr;  // what plugins may do now; null: what their manifests declare
  HostFolders folders;
  // The folder of packages that a worker of this plugin needs beside its interpreter's own, empty for none; may take seconds and
  // throw Error. Null: nobody needs any.
  std::function<std::string(const plugin::Descriptor&)> packages;
  // Asked before each instance is loaded; what it throws keeps the plugin from being loaded. May be empty.
  std::function<void(const plugin::Descriptor&)> admit = {};
  std::shared_ptr<CallHost> house;  // answers what plugins ask while they load, initialize, start and stop; may be null
};

// What one plugin did since the start of the process.
struct PluginStats {
  std::string plugin;
  std::uint64_t calls = 0;     // that ended
  std::uint64_t failures = 0;  // that did not end ok
  std::uint64_t restarts = 0;  // instances that had to be replaced
  std::uint64_t waiting = 0;   // calls that wait for an instance now
  std::uint64_t bytes_copied = 0;
  std::chrono::nanoseconds p50{}, p95{}, p99{}, longest{};
  std::map<std::string, std::uint64_t, std::less<>> endings;  // of those that did not end ok, by how they ended
  std::chrono::nanoseconds cpu_p50{}, cpu_p95{}, cpu_p99{};  // of calls long enough to tell; 0: none was
  std::chrono::microseconds cpu{};  // of all its workers so far, with what they started
  std::uint64_t memory = 0;         // bytes, of its workers now
  std::uint64_t memory_peak = 0;    // the highest of any of them
  std::uint64_t starts = 0, warm_starts = 0;  // of workers; of them those that were forked from a zygote
  std::string last_start;                     // of the last one: see Instance::start_told
  std::uint32_t failures_in_a_row = 0;
  std::optional<Quarantine> quarantine;
};

// A plugin that went over to another generation.
struct Switched {
  std::string from, to;  // versions
  std::uint64_t generation = 0;
};

// One running instance, for `doctor` and `/metrics`.
struct InstanceInfo {
  std::string plugin;
  std::string version;
  std::string state;  // of the lifecycle
  std::int64_t pid = 0;
  bool in_process = false;
  bool busy = false;
  std::chrono::milliseconds age{};
  std::uint64_t calls = 0;
  std::uint64_t generation = 0;
  std::string transport = {};  // "ring", "socket"; empty in process
  std::string start = {};      // see Instance::start_told
};

class Runtime {
 public:
  Runtime(plugin::Registry& registry, Log& log, RuntimePaths paths, RuntimeSettings settings = {});
  ~Runtime();  // shuts down
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // `plugin` is an id or an alias. `plugin_config` is the plugin's own configuration (a map, or null for none); instances
  // are shared by calls with an equal one. Plugins that are unknown, do not start, or have no free instance until the
  // deadline are outcomes too: denied, error or timeout, with the reason.
  Outcome invoke(std::string_view plugin, const Value& plugin_config, Call call);
  Outcome invoke(std::string_view plugin, Call call) { return invoke(plugin, Value(), std::move(call)); }
  // Returns at once. The completion comes exactly once, on any thread, often the one that does all input and output:
  // it must not block.
  void start(std::string_view plugin, const Value& plugin_config, Call call, Completion completion);

  // One call to a plugin that is in no registry, in a fresh instance that goes afterwards: to find out what a file holds.
  // Blocks; it is not among the statistics.
  Outcome examine(const plugin::Descriptor& descriptor, Call call);

  [[nodiscard]] std::vector<PluginStats> stats() const;  // slow: asks the kernel about every worker
  [[nodiscard]] std::optional<Quarantine> quarantine(std::string_view plugin) const;
  // The plugin may be called at once, whatever it did before. False when it did not rest. Throws Error{not_found}.
  bool release(std::string_view plugin);
  // Who holds workers to their limits on this machine.
  [[nodiscard]] LimitKeepers limit_keepers() const;
  [[nodiscard]] std::vector<InstanceInfo> instances() const;
  [[nodiscard]] std::int64_t launcher_pid() const noexcept;

  // Each descriptor takes the place of the plugin with its id, all at one instant and without a dropped call (Pool::switch_to);
  // providers come before those that need them. A call that still runs on one that went is answered by the others that went with it.
  // Throws Error, and the present ones stay as they are, when a next one does not start or `commit` throws, which is called once when
  // all are ready. Blocks; one at a time.
  std::vector<Switched> switch_to(std::vector<plugin::Descriptor> next, const std::function<void()>& commit = {});
  Switched switch_to(plugin::Descriptor next);
  // What one operation of the plugin gets where nobody says otherwise, the operator's limit in it.
  [[nodiscard]] std::optional<std::chrono::milliseconds> deadline_of(const plugin::Descriptor& descriptor) const;

  // Starts the zygotes of these languages where the settings say `ahead`. Returns at once.
  void make_zygotes(const std::set<std::string>& languages);

  // Lets the plugin's instances go as soon as they are idle; the next call starts fresh ones. Also of one that is no longer in the
  // registry, by its id.
  void retire(std::string_view plugin);
  // Only those with this configuration.
  void retire(std::string_view plugin, const Value& plugin_config);
  // Stops and cleans up everything within the bound; later calls end denied. Idempotent.
  void shutdown();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mortise::runtime
