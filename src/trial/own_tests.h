// The plugin's own build and tests: which commands they are, and what they said.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/launcher/order.h"
#include "runtime/task.h"
#include "trial/report.h"

namespace mortise::trial {

// How programs of this plugin are started: what the host would start its worker with (environment, confinement), with other
// arguments.
using MakeOrder = std::function<runtime::launcher::Order(std::vector<std::string> arguments)>;

struct Subject {
  std::string folder;    // absolute: a copy, which may be written to
  std::string language;  // "c", "c++", "python", "r", "go"
  std::string python, r, go;  // the programs that run these languages; empty: none
  std::string go_folder;      // for tests in Go: the sources again, as a module that finds the SDK
  MakeOrder order;
};

// Builds what has to be built (`make`, cmake). False: it failed, which is in the report.
bool build(runtime::Workshop& workshop, const Subject& subject, const runtime::TaskBounds& bounds, Report& report);
// Runs what it has of tests: pytest or unittest, testthat or scripts in R, `go test`, `make test` or ctest. One that has none is
// skipped with a word.
void run_own_tests(runtime::Workshop& workshop, const Subject& subject, const runtime::TaskBounds& bounds, Report& report);

}  // namespace mortise::trial
