// Round trips to workers through the ring and over the socket, caller and worker on two processors and on one.
//
// Floors of the same run: a socket ping-pong with blocking calls, and the same bytes through shared memory with a futex. The
// ring looks for a moment before it sleeps unless the machine is crowded; the notes say how busy it was.
#include <sched.h>
#include <sys/types.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "bench/floors.h"
#include "bench/measure.h"
#include "os/process.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

using mortise::Value;
namespace bench = mortise::bench;
namespace runtime = mortise::runtime;

namespace {

void pin(pid_t process, int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (::sched_setaffinity(process, sizeof set, &set) != 0) throw std::runtime_error("cannot pin a process");
}

struct Host {
  mortise::Log log = mortise::Log::null();
  mortise::plugin::Registry registry;
  runtime::Runtime runtime;

  explicit Host(runtime::Transport transport) : runtime(scanned(registry), log, paths(), settings(transport)) {}

  static mortise::plugin::Registry& scanned(mortise::plugin::Registry& registry) {
    const std::vector<std::filesystem::path> folders{BENCH_PLUGINS};
    for (const auto& problem : registry.scan(folders).problems) throw problem.error;
    return registry;
  }
  static runtime::RuntimePaths paths() {
    runtime::RuntimePaths found = runtime::RuntimePaths::beside(mortise::os::own_executable());
    found.go_builds = BENCH_GO_BUILDS;
    return found;
  }
  static runtime::RuntimeSettings settings(runtime::Transport transport) {
    runtime::RuntimeSettings chosen;
    chosen.transport = transport;
    return chosen;
  }
  void ask(const char* plugin, const Value& input) {
    runtime::Call call;
    call.method = "echo";
    call.input = input;
    bench::keep(runtime.invoke(plugin, std::move(call)).take());
  }
  void pin_workers(int processor) {
    for (const auto& one : runtime.instances()) {
      for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(one.pid) + "/task")) {
        pin(std::stoi(thread.path().filename().string()), processor);
      }
    }
  }
};

struct Floors {
  bench::PingPong socket;
  bench::FutexPingPong futex;
};

struct Subject {
  const char* name;
  const char* plugin;
  double aim_apart, aim_together;  // ns
};
constexpr Subject subjects[] = {{"native", "Bench.echo", 2'000, 4'000},
                                {"Python", "Bench.python_py", 15'000, 15'000},
                                {"R", "Bench.r_r", 250'000, 250'000},
                                {"Go", "Bench.go_go", 5'000, 5'000}};

struct Pair {
  Host ring{runtime::Transport::ring}, socket{runtime::Transport::socket};

  Pair() {
    for (Host* host : {&ring, &socket}) {
      for (const Subject& subject : subjects) {
        if (host->registry.find(subject.plugin) != nullptr) host->ask(subject.plugin, 1);
      }
    }
  }
  void pin_workers(int processor) {
    ring.pin_workers(processor);
    socket.pin_workers(processor);
  }
};

std::string load() {
  std::string words;
  std::getline(std::ifstream("/proc/loadavg"), words);
  return words;
}

void measure(const char* where, bool together, Pair& hosts, Floors& floors, bench::Report& report) {
  auto& [ring, socket] = hosts;
  const bench::Effort effort{.rounds = 7, .samples = 1000};
  for (const std::size_t bytes : {std::size_t{64}, std::size_t{4096}}) {
    const std::string what = std::to_string(bytes) + " B, " + where;
    const Value payload = std::string(bytes, 'x');
    const bench::Pair bare = bench::in_turns(
        effort, [&] { floors.socket.round_trip(bytes); }, [&] { floors.futex.round_trip(bytes); });
    report.add("bare shared memory and futex, " + what, "socket ping-pong", bare);
    for (const Subject& subject : subjects) {
      if (ring.registry.find(subject.plugin) == nullptr) continue;
      const bench::Pair by_ring = bench::in_turns(
          effort, [&] { floors.futex.round_trip(bytes); }, [&] { ring.ask(subject.plugin, payload); });
      report.add(std::string(subject.name) + " by the ring, " + what, "memory and futex", by_ring,
                 bench::takes_at_most_ns(together ? subject.aim_together : subject.aim_apart));
      const bench::Pair by_socket = bench::in_turns(
          effort, [&] { floors.socket.round_trip(bytes); }, [&] { socket.ask(subject.plugin, payload); });
      report.add(std::string(subject.name) + " by the socket, " + what, "socket ping-pong", by_socket);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string before = load();
  cpu_set_t allowed;
  ::sched_getaffinity(0, sizeof allowed, &allowed);
  const bool two = CPU_ISSET(0, &allowed) && CPU_ISSET(1, &allowed);
  bench::Report report;
  if (two) {
    pin(0, 1);
    Floors floors;  // forks: its children stay on processor 1
    ::sched_setaffinity(0, sizeof allowed, &allowed);
    Pair hosts;  // sees both processors
    hosts.pin_workers(1);
    pin(0, 0);
    measure("two processors", false, hosts, floors, report);
  } else {
    report.note("processors 0 and 1 are not both to be had: nothing was measured on two");
  }
  pin(0, 0);
  Floors floors;
  Pair hosts;  // sees one
  measure("one processor", true, hosts, floors, report);
  report.note("/proc/loadavg before: " + before + "; after: " + load());
  return report.finish(argc, argv);
}
