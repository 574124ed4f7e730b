// The small operations that every call is made of, by Google Benchmark. No aims: these say where time goes.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "data/value_json.h"
#include "data/wire.h"
#include "mortise/value.hpp"
#include "runtime/wire/frame.h"
#include "runtime/wire/message.h"

using mortise::Value;
namespace data = mortise::data;
namespace runtime = mortise::runtime;

namespace {

// About what a step's call looks like.
Value step_input() {
  return Value::map({{"step", Value::map({{"name", "Keep the warm days"},
                                          {"plugin", "Data_Processing.filter"},
                                          {"config", Value::map({{"where", "temp_max > 15"}, {"limit", 1000}, {"input", "weather"}})},
                                          {"output", "warm"}})},
                     {"run", Value::map({{"id", "run_01J00000000000000000000000"}, {"attempt", 1}, {"key", "k"}})}});
}

Value rows(std::int64_t count) {
  Value all = Value::list();
  for (std::int64_t i = 0; i < count; ++i) {
    all.push_back(Value::map({{"date", "2015-12-31"}, {"wind", static_cast<double>(i) / 7}, {"count", i}, {"kind", "rain"}}));
  }
  return all;
}

void build_map(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(step_input());
}
BENCHMARK(build_map);

void copy_shared(benchmark::State& state) {
  const Value value = step_input();
  for (auto _ : state) benchmark::DoNotOptimize(Value(value));
}
BENCHMARK(copy_shared);

void write_call(benchmark::State& state) {
  runtime::message::Call call;
  call.id = 1;
  call.operation = MORTISE_OP_STEP;
  call.input = step_input();
  const runtime::Message message = call;
  runtime::MessageWriter writer;
  for (auto _ : state) benchmark::DoNotOptimize(writer.write(message).size);
}
BENCHMARK(write_call);

void read_result(benchmark::State& state) {
  runtime::message::Result result;
  result.id = 1;
  result.value = Value::map({{"outputs", Value::map({{"warm", rows(state.range(0))}})}, {"rows", state.range(0)}});
  const runtime::Message message = result;
  runtime::MessageWriter writer;
  const runtime::OutgoingFrame frame = writer.write(message);
  std::vector<std::byte> bytes(frame.head.begin(), frame.head.end());
  bytes.resize(bytes.size() + runtime::frame_slack);
  const auto header = std::span(bytes).subspan(runtime::frame_prefix_size, frame.head.size() - runtime::frame_prefix_size);
  runtime::MessageReader reader(runtime::From::worker);
  for (auto _ : state) benchmark::DoNotOptimize(reader.read({.header = header, .segments = {}}));
  state.SetBytesProcessed(static_cast<std::int64_t>(header.size()) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(read_result)->Arg(1)->Arg(1000);

void parse_json(benchmark::State& state) {
  const std::string text = data::to_json(rows(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(data::parse_json(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(parse_json)->Arg(1)->Arg(1000);

void write_json(benchmark::State& state) {
  const Value value = rows(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(data::to_json(value));
}
BENCHMARK(write_json)->Arg(1)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
