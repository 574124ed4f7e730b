// What it costs to ask a plugin in this process, above calling its function pointer.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "bench/measure.h"
#include "os/process.h"
#include "plugin/registry.h"
#include "runtime/inproc.h"
#include "runtime/native_library.h"
#include "runtime/reactor.h"
#include "runtime/runtime.h"

using mortise::Value;
namespace bench = mortise::bench;
namespace plugin = mortise::plugin;
namespace runtime = mortise::runtime;

namespace {

constexpr bench::Effort effort{.rounds = 9, .samples = 2000, .batch = 1000};

// The plugin's own function, called as C calls it.
class Raw {
 public:
  explicit Raw(const mortise_plugin& table) : table_(table) {
    call_.size = sizeof(call_);
    call_.operation = MORTISE_OP_CALL;
    call_.input = input_.c();
  }
  void operator()() {
    mortise_output out{};
    bench::keep(table_.invoke(nullptr, &call_, &out));
    if (out.release != nullptr) out.release(&out);
  }

 private:
  const mortise_plugin& table_;
  Value input_;
  mortise_call call_{};
};

}  // namespace

int main(int argc, char** argv) {
  const mortise::Log log = mortise::Log::null();
  plugin::Registry registry(plugin::Registry::TrustedInProcess{{"Bench.nothing"}});
  const std::vector<std::filesystem::path> folders{BENCH_PLUGINS};
  (void)registry.scan(folders);
  const plugin::Registry::Entry nothing = registry.get("Bench.nothing");

  runtime::NativeLibraries libraries;
  runtime::Reactor reactor(log);
  Raw raw(libraries.open(nothing->folder + "/" + nothing->entry));

  const auto instance = runtime::InprocInstance::load({.libraries = libraries, .reactor = reactor, .log = log}, nothing, Value());
  instance->initialize();
  instance->start();

  bench::Report report;
  report.add("in-process call, instance in hand", "the raw function pointer",
             bench::in_turns(effort, raw,
                             [&] {
                               runtime::Call call;
                               bench::keep(instance->invoke(std::move(call)));
                             }),
             bench::adds_at_most_ns(30));

  mortise::Log facade_log = log;
  runtime::Runtime host(registry, facade_log, runtime::RuntimePaths::beside(mortise::os::own_executable()));
  report.add("in-process call by the plugin's name, pool and statistics included", "the raw function pointer",
             bench::in_turns(effort, raw, [&] { bench::keep(host.invoke("Bench.nothing", runtime::Call())); }));
  return report.finish(argc, argv);
}
