// What confinement costs: from the wish for a worker to its first answer, and call by call, each beside a worker without it.
// How much memory a warm worker has for itself, too.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "bench/floors.h"
#include "bench/measure.h"
#include "os/file.h"
#include "os/process.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

using mortise::Value;
namespace bench = mortise::bench;
namespace runtime = mortise::runtime;

namespace {

using Sandbox = runtime::RuntimeSettings::Sandbox;

using Zygotes = runtime::RuntimeSettings::Zygotes;

constexpr std::chrono::milliseconds leisure{60};

struct Host {
  mortise::Log log = mortise::Log::null();
  mortise::plugin::Registry registry;
  runtime::Runtime runtime;

  Host(Sandbox sandbox, Zygotes zygotes)
      : runtime(scanned(registry), log, runtime::RuntimePaths::beside(mortise::os::own_executable()), settings(sandbox, zygotes)) {}

  static runtime::RuntimeSettings settings(Sandbox sandbox, Zygotes zygotes) {
    runtime::RuntimeSettings chosen;
    chosen.sandbox = sandbox;
    chosen.zygotes = zygotes;
    return chosen;
  }

  static mortise::plugin::Registry& scanned(mortise::plugin::Registry& registry) {
    const std::vector<std::filesystem::path> folders{BENCH_PLUGINS};
    for (const auto& problem : registry.scan(folders).problems) throw problem.error;
    return registry;
  }

  Value ask(const char* plugin, const Value& input) {
    runtime::Call call;
    call.method = "echo";
    call.input = input;
    return runtime.invoke(plugin, std::move(call)).take();
  }

  // The worker before is asked to leave; what is timed is the next one, from the wish to its first answer. At leisure it has left then,
  // and what the host makes ahead of workers is made; at once nothing is.
  enum class Pace { at_leisure, at_once };
  double start_anew(const char* plugin, Pace pace = Pace::at_leisure) {
    runtime.retire(plugin);
    if (pace == Pace::at_leisure) std::this_thread::sleep_for(leisure);
    const auto begun = std::chrono::steady_clock::now();
    bench::keep(ask(plugin, 1));
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count();
  }

  [[nodiscard]] std::optional<runtime::InstanceInfo> instance(const std::string& plugin) const {
    for (const runtime::InstanceInfo& one : runtime.instances()) {
      if (one.plugin == plugin) return one;
    }
    return std::nullopt;
  }

  // Until one was forked from a zygote. False: none is, within ten seconds.
  bool warm_up(const char* plugin) {
    for (int look = 0; look < 100; ++look) {
      (void)start_anew(plugin);
      if (const auto one = instance(plugin); one && one->start == "zygote") return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
};

// Both say themselves how many nanoseconds they took: what comes before, such as the end of the worker before, does not count.
template <typename Floor, typename Thing>
bench::Pair self_timed(const bench::Effort& effort, Floor&& floor, Thing&& thing) {
  std::vector<std::vector<double>> floors, things;
  for (std::size_t round = 0; round <= effort.rounds; ++round) {
    std::vector<double> one, other;
    for (std::size_t i = 0; i < effort.samples; ++i) {
      one.push_back(floor());
      other.push_back(thing());
    }
    if (round == 0) continue;  // it warms what there is to warm
    floors.push_back(std::move(one));
    things.push_back(std::move(other));
  }
  return {bench::Distribution::of(floors), bench::Distribution::of(things)};
}

double run_program(const std::vector<std::string>& command) {
  return bench::sample(1, 1, [&] { bench::run_to_end(command); }).front();
}

// KiB that the process has for itself alone.
std::uint64_t private_kib(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::uint64_t sum = 0;
  for (std::string word; file >> word;) {
    if (word.starts_with("Private_")) {
      std::uint64_t kib = 0;
      file >> kib;
      sum += kib;
    }
  }
  return sum;
}

// The least that somebody else's sandbox takes to run a program that does nothing.
std::vector<std::string> bubblewrap() {
  return {"/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib",
          "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "/usr/bin/true"};
}

// Without an image: a root with one program in it, which does nothing. Empty: that program is not here.
std::vector<std::string> podman(const std::string& root) {
  namespace fs = std::filesystem;
  if (!fs::exists("/bin/busybox") || !fs::exists("/usr/bin/podman")) return {"/usr/bin/podman (with /bin/busybox)"};
  fs::create_directories(root + "/bin");
  fs::copy_file("/bin/busybox", root + "/bin/busybox", fs::copy_options::overwrite_existing);
  return {"/usr/bin/podman", "run", "--rm", "--network", "none", "--rootfs", root, "/bin/busybox", "true"};
}

struct Language {
  const char* name;
  const char* plugin;
  std::size_t samples;
  std::vector<std::string> bare;  // the least that its runtime takes to start
  double aim_ns, aim_p95_ns;      // 0: none
};

struct Hosts {
  Host confined{Sandbox::automatic, Zygotes::first};
  Host plain{Sandbox::DANGEROUSLY_off, Zygotes::first};
  Host cold{Sandbox::automatic, Zygotes::off};
};

std::string milliseconds(double ns) { return std::to_string(ns / 1e6).substr(0, 5) + " ms"; }

void starts(Hosts& hosts, const Language& language, bench::Report& report) {
  if (hosts.confined.registry.find(language.plugin) == nullptr) return report.note(std::string(language.name) + ": not built");
  const bench::Effort effort{.rounds = 5, .samples = language.samples};
  const bool warm = hosts.confined.warm_up(language.plugin) && hosts.plain.warm_up(language.plugin);
  const std::string what = std::string(language.name) + " worker, confined, " + (warm ? "warm" : "cold") + ": start to first answer";
  const auto start = [&] { return hosts.confined.start_anew(language.plugin); };
  const bench::Pair beside_bare = self_timed(effort, [&] { return run_program(language.bare); }, start);
  std::string words;
  for (const std::string& word : language.bare) words += (words.empty() ? "" : " ") + word;
  report.add(what, words, beside_bare, language.aim_ns > 0 ? std::optional(bench::takes_at_most_ns(language.aim_ns)) : std::nullopt);
  if (language.aim_p95_ns > 0) {
    report.note(what + ": 95 of 100 within " + milliseconds(beside_bare.thing.p95) + " (aim " + milliseconds(language.aim_p95_ns) + ")");
  }
  report.add(what, "the same, not confined", self_timed(effort, [&] { return hosts.plain.start_anew(language.plugin); }, start));
  report.add(what, "the same, right after another", self_timed(effort, [&] { return hosts.confined.start_anew(language.plugin, Host::Pace::at_once); }, start));
  if (!warm) return;
  report.add(what, "the same, as a program", self_timed({.rounds = 3, .samples = 3}, [&] { return hosts.cold.start_anew(language.plugin); }, start));
  if (const auto one = hosts.confined.instance(language.plugin)) {
    report.note(what + ": " + std::to_string(private_kib(one->pid)) + " KiB of its own, idle (aim: 3 MB for Python)");
  }
}

void calls(Hosts& hosts, const Language& language, bench::Report& report) {
  Host &confined = hosts.confined, &plain = hosts.plain;
  if (confined.registry.find(language.plugin) == nullptr) return;
  for (const std::size_t bytes : {64U, 4096U}) {
    const Value payload = std::string(bytes, 'x');
    const bench::Pair pair = bench::in_turns(
        {.rounds = 9, .samples = 1000}, [&] { bench::keep(plain.ask(language.plugin, payload)); },
        [&] { bench::keep(confined.ask(language.plugin, payload)); });
    report.add(std::string(language.name) + " worker, confined: call with " + std::to_string(bytes) + " B", "the same, not confined",
               pair, bench::takes_at_most_times(1.1));
  }
}

void beside(Hosts& hosts, const std::string& name, const std::vector<std::string>& command, bench::Report& report) {
  if (::access(command.front().c_str(), X_OK) != 0) return report.note(name + " is not here: nothing was compared with it");
  try {
    report.add("native worker, confined, cold: start to first answer", name + " with a program that does nothing",
               self_timed({.rounds = 5, .samples = 10}, [&] { return run_program(command); }, [&] { return hosts.confined.start_anew("Bench.echo"); }));
  } catch (const std::exception& error) {
    report.note(name + " does not run here: " + error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::Report report;
  Hosts hosts;
  const runtime::RuntimePaths paths = runtime::RuntimePaths::beside(mortise::os::own_executable());
  const Language languages[] = {
      {"native", "Bench.echo", 40, {"/bin/true"}, 2.5e6, 0},
      {"Python and numpy", "Bench.python_py", 20, {paths.python, "-c", "import numpy"}, 3e6, 5e6},
      {"R", "Bench.r_r", 10, {"/usr/bin/Rscript", "-e", "invisible(1)"}, 5e6, 0},
  };
  for (const Language& language : languages) {
    starts(hosts, language, report);
    calls(hosts, language, report);
  }
  beside(hosts, "bubblewrap", bubblewrap(), report);
  const std::string root = mortise::os::make_temporary_directory("/tmp/mortise-bench-");
  beside(hosts, "podman", podman(root), report);
  std::filesystem::remove_all(root);
  return report.finish(argc, argv);
}
