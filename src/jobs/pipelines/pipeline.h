// Pipeline: what a pipeline file says, checked and typed. The file has the Mimir guide's shape (docs/pipelines.md):
//
//   pipelines:
//     - name: Weather
//       steps:
//         - name: Read
//           plugin: Input.file
//           config: {path: weather.csv}
//           output: weather
//
// A step without `needs` comes after the step before it; `needs: [names]` puts it after those instead, `needs: []` at the
// start, and steps that do not wait for each other run side by side.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "jobs/core/schedule.h"
#include "jobs/pipelines/condition.h"
#include "mortise/value.hpp"
#include "plugin/descriptor.h"

namespace mortise::jobs {

struct Retry {
  std::uint32_t attempts = 1;  // in all, with the first
  std::chrono::milliseconds delay{1000};
  double factor = 2;  // 1: the same delay every time
  std::chrono::milliseconds max_delay{30'000};

  // The wait before attempt `next` (2, 3, ...).
  [[nodiscard]] std::chrono::milliseconds before(std::uint32_t next) const;
};

// What becomes of a step whose process died in the middle of an attempt: nobody knows whether its effects took place.
enum class OnInterrupt {
  rerun,  // another attempt, with the same idempotency key: at least once
  fail,   // it fails: at most once
};

struct Step {
  std::string name;
  std::string plugin;  // an id or an alias
  Value config = Value::map();
  std::string output;              // context key, may be empty
  std::vector<std::size_t> needs;  // indices of earlier steps, resolved
  Retry retry;
  std::optional<std::chrono::milliseconds> timeout;
  std::optional<Condition> when;
  std::optional<plugin::FailurePolicy> on_failure;  // stop or report; absent: the plugin's own
  OnInterrupt on_interrupt = OnInterrupt::rerun;    // its own, else the pipeline's
  int line = 0;                                     // in the file, 0 when unknown
};

enum class PipelineSyntax { yaml, json, toml };

struct Pipeline {
  std::string name;
  std::string description;
  bool enabled = true;
  std::vector<Step> steps;
  std::string file;                  // where it came from, may be empty
  std::optional<ScheduleSpec> schedule;  // when it is started by itself
  std::vector<std::string> secrets;  // values that came from ${ENV}; they appear nowhere
  // The whole file as it was read, ${NAME} not replaced: what a run that is taken up again reads instead of the file.
  std::string text;
  PipelineSyntax syntax = PipelineSyntax::yaml;
};

// The steps that `step` waits for, directly or through others.
[[nodiscard]] std::vector<bool> ancestors_of(const Pipeline& pipeline, std::size_t step);

}  // namespace mortise::jobs
