// Forks a child in a session of its own that keeps every descriptor open and outlives it; then exits in mid-call.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <mortise/plugin.hpp>
#include <string>

namespace {

// `pid_file` tells the test whom to look for.
struct LeavesChild : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const std::string pid_file(step.config("pid_file").as_string());
    if (::fork() == 0) {
      ::setsid();
      std::FILE* file = std::fopen((pid_file + ".part").c_str(), "w");
      if (file != nullptr) {
        std::fprintf(file, "%d", static_cast<int>(::getpid()));
        std::fclose(file);
        std::rename((pid_file + ".part").c_str(), pid_file.c_str());
      }
      for (;;) ::pause();
    }
    while (::access(pid_file.c_str(), F_OK) != 0) ::usleep(1000);
    ::_exit(0);
  }
};

}  // namespace

MORTISE_PLUGIN(LeavesChild)
