#include "runtime/worker_zygote.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "os/paths.h"
#include "runtime/worker_command.h"

namespace mortise::runtime {
namespace {

// Variables that an interpreter, its libraries or libc read when they start, and not again.
constexpr std::array read_at_start{"PYTHON", "LC_", "LANG", "TZ", "OPENBLAS_", "GOTO_", "OMP_", "MKL_", "BLIS_", "NPY_", "NUMPY_", "NUMEXPR_", "R_", "GLIBC_", "MALLOC_"};
// Of what they start, one for each thread that they might start: a zygote has one.
constexpr std::array one_thread{"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1"};

// A variable by which the plugin chooses how its interpreter starts; empty: there is none.
std::string chosen_at_start(const plugin::Descriptor& descriptor, const std::vector<std::string>& environment) {
  for (const std::string& name : descriptor.environment) {
    const bool is_set = std::any_of(environment.begin(), environment.end(), [&](const std::string& one) { return one.starts_with(name + "="); });
    const bool counts = std::any_of(read_at_start.begin(), read_at_start.end(), [&](const char* start) { return name.starts_with(start); });
    if (is_set && counts) return name;
  }
  return {};
}

bool is_there(const std::string& path) { return !path.empty() && ::access(path.c_str(), R_OK) == 0; }

std::vector<std::string> environment_of_zygotes() {
  std::vector<std::string> environment = usual_environment();
  environment.emplace_back("HOME=/nonexistent");
  environment.insert(environment.end(), one_thread.begin(), one_thread.end());
  return environment;
}

std::optional<launcher::ZygoteWords> python(const RuntimePaths& paths) {
  if (!is_there(paths.zygote) || !is_there(paths.python)) return std::nullopt;
  launcher::ZygoteWords words;
  words.arguments = {paths.python, "-u", "-B", "-s", "-m", "mortise.zygote", paths.zygote, "numpy", "numpy.random"};
  words.environment = environment_of_zygotes();
  for (const std::string& entry : {"PYTHONPATH=" + paths.python_sdk, std::string("PYTHONUTF8=1"), std::string("PYTHONSAFEPATH=1")}) {
    words.environment.push_back(entry);
  }
  return words;
}

std::optional<launcher::ZygoteWords> r(const RuntimePaths& paths) {
  if (!is_there(r_program(paths)) || !is_there(os::join(paths.r_library, "mortise"))) return std::nullopt;
  launcher::ZygoteWords words;
  words.arguments = {r_program(paths), "--vanilla", "--no-echo", "-e", "mortise:::zygote()"};
  words.environment = environment_of_zygotes();
  for (std::string& entry : r_environment(paths)) words.environment.push_back(std::move(entry));
  words.environment.insert(words.environment.end(), {"LC_ALL=C.UTF-8", "TZ=UTC"});
  return words;
}

}  // namespace

std::optional<launcher::ZygoteWords> zygote_words(const std::string& language, const RuntimePaths& paths) {
  if (language == "python") return python(paths);
  if (language == "r") return r(paths);
  return std::nullopt;
}

void add_zygote(launcher::Order& order, const plugin::Descriptor& descriptor, const RuntimePaths& paths, const RuntimeSettings& settings) {
  if (settings.zygotes == RuntimeSettings::Zygotes::off) {
    order.why_no_zygote = "runtime.zygotes is off";
  } else if (const std::string name = chosen_at_start(descriptor, order.environment); !name.empty()) {
    order.why_no_zygote = "the plugin gets " + name + ", which is read when an interpreter starts";
  } else if (order.zygote = zygote_words(descriptor.language, paths); order.zygote) {
    order.zygote->after = settings.zygotes == RuntimeSettings::Zygotes::later ? 1 : 0;
  } else {
    order.why_no_zygote = descriptor.language == "python" || descriptor.language == "r" ? "what makes one is not installed" : "its language has none";
  }
}

}  // namespace mortise::runtime
