// What confinement costs: from the wish for a worker to its first answer, and call by call, each beside a worker without it.
#include <unistd.h>

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

using Sandbox = runtime::RuntimeSettings::Sandbox;

struct Host {
  mortise::Log log = mortise::Log::null();
  mortise::plugin::Registry registry;
  runtime::Runtime runtime;

  explicit Host(Sandbox sandbox)
      : runtime(scanned(registry), log, runtime::RuntimePaths::beside(mortise::os::own_executable()), settings(sandbox)) {}

  static runtime::RuntimeSettings settings(Sandbox sandbox) {
    runtime::RuntimeSettings chosen;
    chosen.sandbox = sandbox;
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

  void start_anew(const char* plugin) {
    runtime.retire(plugin);
    bench::keep(ask(plugin, 1));
  }
};

// The least that somebody else's sandbox takes to run a program that does nothing.
std::vector<std::string> bubblewrap() {
  return {"/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib",
          "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "/usr/bin/true"};
}

struct Language {
  const char* name;
  const char* plugin;
  std::size_t samples;
  std::vector<std::string> bare;  // the least that its runtime takes to start
  double aim_ns;                  // 0: none
};

void starts(Host& confined, Host& plain, const Language& language, bench::Report& report) {
  if (confined.registry.find(language.plugin) == nullptr) return;
  const bench::Effort effort{.rounds = 5, .samples = language.samples};
  const std::string what = std::string(language.name) + " worker, confined: start to first answer";
  const auto start = [&] { confined.start_anew(language.plugin); };
  const bench::Pair beside_bare = bench::in_turns(effort, [&] { bench::run_to_end(language.bare); }, start);
  report.add(what, language.bare.front() + " alone", beside_bare,
             language.aim_ns > 0 ? std::optional(bench::takes_at_most_ns(language.aim_ns)) : std::nullopt);
  report.add(what, "the same, not confined", bench::in_turns(effort, [&] { plain.start_anew(language.plugin); }, start));
}

void calls(Host& confined, Host& plain, const Language& language, bench::Report& report) {
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

}  // namespace

int main(int argc, char** argv) {
  bench::Report report;
  Host confined(Sandbox::automatic), plain(Sandbox::DANGEROUSLY_off);
  const runtime::RuntimePaths paths = runtime::RuntimePaths::beside(mortise::os::own_executable());
  const Language languages[] = {
      {"native", "Bench.echo", 40, {"/bin/true"}, 2.5e6},
      {"Python", "Bench.python_py", 5, {paths.python, "-c", "import numpy"}, 0},
      {"R", "Bench.r_r", 3, {"/usr/bin/Rscript", "-e", "1"}, 0},
  };
  for (const Language& language : languages) {
    starts(confined, plain, language, report);
    calls(confined, plain, language, report);
  }
  if (::access(bubblewrap().front().c_str(), X_OK) == 0) {
    report.add("native worker, confined: start to first answer", "bubblewrap with /usr/bin/true",
               bench::in_turns({.rounds = 5, .samples = 40}, [] { bench::run_to_end(bubblewrap()); },
                               [&] { confined.start_anew("Bench.echo"); }));
  } else {
    report.note("bubblewrap is not here: nothing was compared with it");
  }
  return report.finish(argc, argv);
}
