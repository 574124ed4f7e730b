// Where the programs and libraries lie that workers need: RuntimePaths of runtime.h.
#include <stdlib.h>
#include <unistd.h>

#include <sstream>
#include <string>

#include "os/paths.h"
#include "runtime/runtime.h"

namespace mortise::runtime {
namespace {

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

// build/bin/mortise, build/release/bin/mortise: the repository is above the build folder. Empty: an installation.
std::string repository_above(std::string folder) {
  for (int level = 0; level < 3; ++level) {
    folder = os::parent_of(folder);
    if (::access(os::join(folder, "sdk/python/mortise").c_str(), R_OK) == 0) return folder;
  }
  return {};
}

// The program itself, not the script `R` around it, which takes longer to start than R does.
std::string find_r() {
  if (const char* chosen = ::getenv("MORTISE_R_HOME")) return os::absolute(chosen);
  for (const char* home : {"/usr/lib/R", "/usr/local/lib/R", "/usr/lib64/R", "/usr/local/lib64/R"}) {
    if (is_program(os::join(home, "bin/exec/R"))) return home;
  }
  return {};
}

// What comes first on PATH, then where Go's own installer puts it.
std::string find_go() {
  if (const char* chosen = ::getenv("MORTISE_GO")) return os::absolute(chosen);
  const char* path = ::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/bin:/usr/local/go/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!folder.empty() && folder.front() == '/' && is_program(os::join(folder, "go"))) return os::join(folder, "go");
  }
  return {};
}

}  // namespace

RuntimePaths RuntimePaths::beside(const std::string& executable) {
  const std::string folder = os::parent_of(executable);
  const std::string root = os::parent_of(folder);
  RuntimePaths paths;
  const std::string installed = os::join(root, "libexec/mortise");
  const std::string programs = is_program(os::join(folder, "mortise-launcher")) ? folder : installed;
  paths.launcher = os::join(programs, "mortise-launcher");
  paths.worker = os::join(programs, "mortise-worker");
  paths.zygote = os::join(programs, "mortise-zygote.so");
  const std::string repository = repository_above(folder);
  const bool built = !repository.empty();
  paths.python_sdk = built ? os::join(repository, "sdk/python") : os::join(root, "share/mortise/python");
  const std::string own_python = os::join(repository, ".venv/bin/python");
  const char* chosen = ::getenv("MORTISE_PYTHON");
  paths.python = chosen != nullptr                 ? os::absolute(chosen)
                 : built && is_program(own_python) ? own_python
                                                   : "/usr/bin/python3";
  paths.native_libraries = built ? os::join(repository, ".venv") : os::join(root, "lib/mortise");
  paths.r_home = find_r();
  paths.go = find_go();
  paths.go_sdk = built ? os::join(repository, "sdk/go") : os::join(root, "share/mortise/go");
  paths.r_library = os::join(root, built ? "r" : "lib/mortise/r");
  return paths;
}

}  // namespace mortise::runtime
