#include "trial/own_tests.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::trial {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
constexpr std::uint64_t largest_makefile = 1U << 20;

bool has(const Subject& subject, const char* name) {
  std::error_code none;
  return fs::exists(os::join(subject.folder, name), none);
}

// Whether a file of the folder, or of its folder of tests, looks like one of these.
bool has_file(const Subject& subject, const std::function<bool(const std::string&)>& looks) {
  for (const char* below : {"", "tests", "test", "tests/testthat"}) {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(os::join(subject.folder, below), none)) {
      if (entry.is_regular_file(none) && looks(entry.path().filename().string())) return true;
    }
  }
  return false;
}

// A rule `test:` at the beginning of a line.
bool makes_tests(const Subject& subject) {
  for (const char* name : {"GNUmakefile", "makefile", "Makefile"}) {
    if (!has(subject, name)) continue;
    const std::string text = "\n" + os::read_file(os::join(subject.folder, name), largest_makefile);
    for (std::size_t at = 0; (at = text.find("\ntest", at)) != std::string::npos; ++at) {
      const std::size_t next = text.find_first_not_of(" \t", at + 5);
      if (next != std::string::npos && text[next] == ':') return true;
    }
    return false;
  }
  return false;
}

bool has_makefile(const Subject& subject) {
  return has(subject, "GNUmakefile") || has(subject, "makefile") || has(subject, "Makefile");
}

std::string program(const std::string& name) {
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/bin"}) {
    const std::string path = os::join(folder, name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  throw Error(Code::not_found, "'" + name + "' is not installed", "install it; this plugin's own files ask for it");
}

// One command as one case: it ended well, or here is what it said.
struct Command {
  std::string suite, name;
  std::vector<std::string> arguments;
};

class Runner {
 public:
  Runner(runtime::Workshop& workshop, const Subject& subject, const runtime::TaskBounds& bounds, Report& report)
      : workshop_(workshop), subject_(subject), bounds_(bounds), report_(report) {}

  // `line` gets what it reports. The case is added by the caller.
  runtime::TaskEnd run(const std::vector<std::string>& arguments, const std::function<void(std::string_view)>& line) {
    runtime::launcher::Order order = subject_.order(arguments);
    order.folder = subject_.language == "go" ? subject_.go_folder : subject_.folder;
    return runtime::run_task(workshop_, std::move(order), bounds_, line);
  }

  bool as_one_case(const Command& command) {
    const auto begun = Clock::now();
    Case one{Case::Outcome::passed, command.suite, command.name, 0, {}, {}};
    try {
      const runtime::TaskEnd ended = run(command.arguments, [](std::string_view) {});
      if (!ended.well()) fail(one, "'" + words(command.arguments) + "' " + ended.describe(), ended.printed);
    } catch (const Error& error) {
      fail(one, error.describe() + (error.hint().empty() ? "" : "; " + error.hint()), "");
    }
    one.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    report_.add(one);
    return one.outcome == Case::Outcome::passed;
  }

  // A runner that reports on descriptor 3.
  void reporting(const std::vector<std::string>& arguments) {
    std::optional<std::size_t> end;
    std::size_t told = 0;
    const runtime::TaskEnd ended = run(arguments, [&](std::string_view line) {
      if (auto one = case_of_line(line)) report_.add(*std::move(one)), ++told;
      else if (const auto count = end_of_line(line)) end = count;
    });
    if (ended.well() && end && *end == told && told > 0) return;
    Case one{Case::Outcome::failed, "tests", "come to their end", 0, {}, {}};
    if (ended.well() && end && *end == 0) fail(one, "no test was found", ended.printed);
    else fail(one, "the tests' process " + ended.describe() + " after " + std::to_string(told) + " tests", ended.printed);
    report_.add(std::move(one));
  }

  // A program whose tests stand in what it prints.
  void printing(const Command& command, const std::function<std::vector<Case>(std::string_view)>& read) {
    const auto begun = Clock::now();
    const runtime::TaskEnd ended = run(command.arguments, [](std::string_view) {});
    std::vector<Case> cases = read(ended.printed);
    const bool told = std::any_of(cases.begin(), cases.end(), [](const Case& one) { return one.outcome == Case::Outcome::failed; });
    const bool empty = cases.empty();
    for (Case& one : cases) report_.add(std::move(one));
    if (ended.well() ? !empty : told && ended.how == runtime::TaskEnd::How::exited) return;
    Case whole{Case::Outcome::passed, command.suite, command.name, 0, {}, {}};
    whole.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    if (!ended.well()) fail(whole, "'" + words(command.arguments) + "' " + ended.describe(), ended.printed);
    report_.add(std::move(whole));
  }

 private:
  static void fail(Case& one, std::string message, std::string output) {
    one.outcome = Case::Outcome::failed;
    one.message = std::move(message);
    one.output = std::move(output);
  }
  static std::string words(const std::vector<std::string>& arguments) {
    std::string text = fs::path(arguments.front()).filename().string();
    for (std::size_t i = 1; i < arguments.size(); ++i) text += " " + arguments[i];
    return text;
  }

  runtime::Workshop& workshop_;
  const Subject& subject_;
  const runtime::TaskBounds& bounds_;
  Report& report_;
};

bool python_test(const std::string& name) {
  return name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py"));
}
bool r_test(const std::string& name) {
  return (name.ends_with(".R") || name.ends_with(".r")) && (name.starts_with("test") || name.ends_with("_test.R"));
}

// False: the plugin has none of its language.
bool run_tests_of_language(Runner& runner, const Subject& subject) {
  if (subject.language == "python" && has_file(subject, python_test)) {
    runner.reporting({subject.python, "-u", "-B", "-s", "-m", "mortise.plugin_tests"});
    return true;
  }
  if (subject.language == "r" && has_file(subject, r_test)) {
    runner.reporting({subject.r, "--vanilla", "--no-echo", "-e", "mortise:::run_tests()"});
    return true;
  }
  if (subject.language == "go" && subject.go.empty()) {
    throw Error(Code::not_found, "Go is not installed, and this plugin is written in it", "install golang-go; `mortise doctor` shows what is missing");
  }
  if (subject.language == "go" && has_file(subject, [](const std::string& name) { return name.ends_with("_test.go"); })) {
    runner.printing({"tests", "go test", {subject.go, "test", "-json", "./..."}}, cases_of_go);
    return true;
  }
  return false;
}

bool is_compiled(const Subject& subject) { return subject.language == "c" || subject.language == "c++"; }

}  // namespace

bool build(runtime::Workshop& workshop, const Subject& subject, const runtime::TaskBounds& bounds, Report& report) {
  if (!is_compiled(subject)) return true;
  Runner runner(workshop, subject, bounds, report);
  if (has_makefile(subject)) return runner.as_one_case({"plugin", "is built", {program("make")}});
  if (!has(subject, "CMakeLists.txt")) return true;
  const std::string cmake = program("cmake");
  return runner.as_one_case({"plugin", "is configured", {cmake, "-S", ".", "-B", "build"}}) &&
         runner.as_one_case({"plugin", "is built", {cmake, "--build", "build"}});
}

void run_own_tests(runtime::Workshop& workshop, const Subject& subject, const runtime::TaskBounds& bounds, Report& report) {
  Runner runner(workshop, subject, bounds, report);
  try {
    if (run_tests_of_language(runner, subject)) return;
    const auto printed = [](std::string_view text) { return cases_printed(text, "tests"); };
    if (has_makefile(subject) && makes_tests(subject)) {
      return runner.printing({"tests", "make test", {program("make"), "test"}}, printed);
    }
    if (is_compiled(subject) && has(subject, "build/CTestTestfile.cmake")) {
      return runner.printing({"tests", "ctest", {program("ctest"), "--test-dir", "build", "--output-on-failure"}}, printed);
    }
    report.add({Case::Outcome::skipped, "tests", "its own tests", 0, "it has none that were found", {}});
  } catch (const Error& error) {
    report.add({Case::Outcome::failed, "tests", "are started", 0,
                error.describe() + (error.hint().empty() ? "" : "; " + error.hint()), {}});
  }
}

}  // namespace mortise::trial
