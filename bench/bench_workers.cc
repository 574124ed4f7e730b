// What it costs to ask a plugin in another process: round trips, tables, starts.
#include <sys/mman.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/log.h"
#include "bench/floors.h"
#include "bench/measure.h"
#include "data/table.h"
#include "os/process.h"
#include "plugin/registry.h"
#include "runtime/arena.h"
#include "runtime/runtime.h"

using mortise::Value;
namespace bench = mortise::bench;
namespace data = mortise::data;
namespace runtime = mortise::runtime;

namespace {

constexpr std::size_t column_bytes = 64U << 20;

struct Host {
  mortise::Log log = mortise::Log::null();
  mortise::plugin::Registry registry;
  runtime::Runtime runtime;

  Host() : runtime(scanned(registry), log, runtime::RuntimePaths::beside(mortise::os::own_executable())) {}

  static mortise::plugin::Registry& scanned(mortise::plugin::Registry& registry) {
    const std::vector<std::filesystem::path> folders{BENCH_PLUGINS};
    for (const auto& problem : registry.scan(folders).problems) throw problem.error;
    return registry;
  }

  Value ask(const char* plugin, const char* method, const Value& input, std::shared_ptr<runtime::RunMemory> memory = {}) {
    runtime::Call call;
    call.method = method;
    call.input = input;
    call.memory = std::move(memory);
    runtime::Outcome outcome = runtime.invoke(plugin, std::move(call));
    copied = outcome.bytes_copied;
    return outcome.take();
  }

  [[nodiscard]] bool has(const char* plugin) const { return registry.find(plugin) != nullptr; }

  std::uint64_t copied = 0;
};

void round_trips(Host& host, bench::PingPong& floor, bench::Report& report) {
  for (const std::size_t bytes : {64U, 4096U}) {
    const Value payload = std::string(bytes, 'x');
    const bench::Pair pair = bench::in_turns(
        {.rounds = 9, .samples = 4000}, [&] { floor.round_trip(bytes); },
        [&] { bench::keep(host.ask("Bench.echo", "echo", payload)); });
    report.add("native worker, " + std::to_string(bytes) + " B there and back", "socket ping-pong", pair,
               bench::takes_at_most_times(1.3));
  }
  const Value payload = std::string(1024, 'x');
  const bench::Pair pair = bench::in_turns(
      {.rounds = 9, .samples = 2000}, [&] { floor.round_trip(1024); },
      [&] { bench::keep(host.ask("Bench.python_py", "echo", payload)); });
  report.add("Python worker, no-op with 1 KB", "socket ping-pong", pair, bench::adds_at_most_ns(40'000));
  if (!host.has("Bench.r_r")) return report.note("R is not here: nothing of it was measured");
  const bench::Pair in_r = bench::in_turns(
      {.rounds = 9, .samples = 1000}, [&] { floor.round_trip(1024); },
      [&] { bench::keep(host.ask("Bench.r_r", "echo", payload)); });
  report.add("R worker, no-op with 1 KB", "socket ping-pong", in_r, bench::adds_at_most_ns(250'000));
}

// One column of 64-bit integers over the run's memory.
Value table_in(const std::shared_ptr<runtime::RunMemory>& memory) {
  const std::shared_ptr<runtime::RunMemory::Block> block = memory->allocate(column_bytes);
  auto* numbers = reinterpret_cast<std::int64_t*>(block->data());
  constexpr std::size_t count = column_bytes / sizeof(std::int64_t);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<std::int64_t>(i);
  data::Column column;
  column.name = "x";
  column.format = "l";
  column.length = static_cast<std::int64_t>(count);
  column.buffers.resize(2);
  column.buffers[1] = {{block->data(), column_bytes}, block};
  std::vector<data::Column> columns;
  columns.push_back(std::move(column));
  return data::make_table(static_cast<std::int64_t>(count), std::move(columns));
}

void tables(Host& host, bench::PingPong& floor, bench::Report& report) {
  const auto memory = runtime::RunMemory::make();
  const Value table = table_in(memory);
  const auto* bytes = static_cast<const std::byte*>(table.as_table().array.children[0]->buffers[1]);
  constexpr std::int64_t expected = static_cast<std::int64_t>(column_bytes / sizeof(std::int64_t)) - 1;

  const auto look = [&] {
    if (host.ask("Bench.python_py", "look", table, memory).as_int64() != expected) throw std::runtime_error("a wrong view");
  };
  const bench::Pair by_socket = bench::in_turns({.rounds = 5, .samples = 10}, [&] { floor.send_over(bytes, column_bytes); }, look);
  report.add("64 MiB table until a numpy view exists", "its way through a socket", by_socket, bench::is_faster_by(50));
  const std::uint64_t copied = host.copied;

  std::vector<std::byte> copy(column_bytes);
  const bench::Pair by_copy = bench::in_turns(
      {.rounds = 5, .samples = 10}, [&] { std::memcpy(copy.data(), bytes, column_bytes); bench::keep(copy.data()); }, look);
  report.add("64 MiB table until a numpy view exists", "memcpy, warm", by_copy, bench::is_faster_by(50));

  const bench::Pair often = bench::in_turns({.rounds = 9, .samples = 1000}, [] {}, look);
  report.add("64 MiB table until a numpy view exists", often.thing, bench::takes_at_most_ns(200'000));
  report.note("bytes copied of the 64 MiB on the way to the view: " + std::to_string(copied));

  std::vector<std::vector<double>> first_looks;
  for (int round = 0; round < 5; ++round) {
    const auto fresh = runtime::RunMemory::make();
    const Value fresh_table = table_in(fresh);
    first_looks.push_back(bench::sample(1, 1, [&] { bench::keep(host.ask("Bench.python_py", "look", fresh_table, fresh)); }));
  }
  report.add("the same, first time in its run (the worker maps it)", bench::Distribution::of(first_looks));
}

void starts(Host& host, bench::Report& report) {
  const auto cold = [&](const char* plugin) {
    return [&host, plugin] {
      host.runtime.retire(plugin);
      bench::keep(host.ask(plugin, "echo", 1));
    };
  };
  const bench::Pair native =
      bench::in_turns({.rounds = 5, .samples = 20}, [] { bench::run_to_end({"/bin/true"}); }, cold("Bench.echo"));
  report.add("native worker, cold: start, load, first call", "spawn /bin/true", native);

  const std::string python = runtime::RuntimePaths::beside(mortise::os::own_executable()).python;
  const bench::Pair snake = bench::in_turns(
      {.rounds = 5, .samples = 5}, [&] { bench::run_to_end({python, "-c", "import numpy"}); }, cold("Bench.python_py"));
  report.add("Python worker with numpy, cold: start, load, first call", "python -c 'import numpy'", snake);

  if (!host.has("Bench.r_r")) return;
  const bench::Pair in_r = bench::in_turns(
      {.rounds = 5, .samples = 5}, [] { bench::run_to_end({"/usr/bin/env", "R", "--vanilla", "--no-echo", "-e", "invisible(1)"}); }, cold("Bench.r_r"));
  report.add("R worker, cold: start, load, first call", "R -e 1", in_r);
}

}  // namespace

int main(int argc, char** argv) {
  bench::PingPong floor;  // forks: before there are threads
  Host host;
  bench::Report report;
  round_trips(host, floor, report);
  tables(host, floor, report);
  starts(host, report);
  return report.finish(argc, argv);
}
