#include "app/warm_starts.h"

#include <chrono>

#include "os/run_program.h"
#include "runtime/worker_zygote.h"

namespace mortise::app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* hint = "every worker starts its interpreter anew, which takes longer; nothing else changes";

// A zygote that loads, says how many threads it has, and ends.
std::vector<std::string> checking(std::vector<std::string> arguments, const std::string& language) {
  if (language == "r") {
    arguments.back() = "mortise:::zygote(check = TRUE)";
  } else {
    arguments.emplace_back("--check");
  }
  return arguments;
}

}  // namespace

WarmStarts try_zygote(const std::string& language, const runtime::RuntimePaths& paths, const Settings& settings) {
  if (settings.runtime.zygotes == Settings::Runtime::Zygotes::off) return {false, "switched off by runtime.zygotes", hint};
  const auto words = runtime::zygote_words(language, paths);
  if (!words) return {false, "what makes zygotes is missing: " + (language == "r" ? paths.r_library : paths.zygote), hint};
  const auto begun = Clock::now();
  const auto told = os::run_program({checking(words->arguments, language), std::chrono::seconds(20), "/", words->environment});
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  if (!told || told->exit_status != 0) return {false, "a zygote does not load", hint};
  if (told->output != "1") return {false, "what a zygote loads starts threads: it has " + told->output, hint};
  return {true, "from a zygote, which loads in " + std::to_string(took.count()) + " ms", {}};
}

}  // namespace mortise::app
