// StepCall: how a pipeline step becomes a call of its plugin, and how the plugin's answer becomes entries of the context.
//
// Three ways of writing plugins fit a step. One answers `step` (Mimir's types, native plugins): {step, run} -> {outputs, rows}. One
// answers `execute` (OmniScope's points): it gets {data, parameters, context}, where `data` is the context entry named by the
// step's `input`, and gives {data, metadata, logs, warnings, errors}; errors without data are a failure. A
// third is called by a method that the step's config names (`method: augment`), or infers: it gets {data: ...} or {inputs: ...} and what
// else the config says, and its whole answer is the output.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jobs/pipelines/pipeline.h"
#include "mortise/value.hpp"
#include "plugin/descriptor.h"
#include "runtime/call.h"

namespace mortise::jobs {

enum class StepStyle { step, execute, call };  // call: a method that the config names, else infer

// How this plugin takes part in a pipeline. Error{unsupported} when it has no extension point for that.
[[nodiscard]] StepStyle style_of(const plugin::Descriptor& descriptor);

// What the plugin is asked. Error{invalid} for a plugin that is called by method when config.method names none.
[[nodiscard]] runtime::Operation operation_of(StepStyle style, const plugin::Descriptor& descriptor, const Value& config);

struct StepInput {
  const Step& step;
  const Value& config;        // validated, defaults in it
  std::string default_input;  // context key of the step before, may be empty
  std::string run_id;
  std::uint32_t attempt = 1;
  std::string folder;  // of the run, for outputs too large for memory; made by whoever writes there
};

using ContextLookup = std::function<std::optional<Value>(std::string_view key)>;

// The input of the operation. Error{not_found} when `execute` names a context entry that is not there.
[[nodiscard]] Value input_of(StepStyle style, const StepInput& input, const plugin::Descriptor& descriptor,
                             const ContextLookup& context);

struct StepAnswer {
  Value outputs = Value::map();  // entries for the context
  std::int64_t rows = -1;        // -1: nothing to count
  std::vector<std::string> logs, warnings;
};

// Error{plugin} when the answer has not the shape that the operation promises, or reports errors.
[[nodiscard]] StepAnswer answer_of(StepStyle style, const Step& step, const Value& value);

// How many rows a value holds, for people: of a table, a list, or a map with row_count or rows; else -1.
[[nodiscard]] std::int64_t rows_in(const Value& value);

}  // namespace mortise::jobs
