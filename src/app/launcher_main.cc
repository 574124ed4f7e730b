// mortise-launcher: started by the server with its socket as descriptor 3. See runtime/launcher/launcher.h.
//
//   mortise-launcher --users FIRST COUNT    the uids that workers get where the host is root
//   mortise-launcher --probe                shows what each layer of the sandbox stops on this machine, one line each:
//                                           "layer TAB blocked|missing|unproven|open TAB what was tried TAB why"
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "runtime/launcher/launcher.h"
#include "runtime/sandbox/probe.h"

namespace {

namespace launcher = mortise::runtime::launcher;
namespace sandbox = mortise::runtime::sandbox;

int probe() {
  const sandbox::Machine machine = sandbox::Machine::look();
  std::printf("level\t%s\n", std::string(name_of(machine.level)).c_str());
  for (const sandbox::Proof& proof : sandbox::prove_layers(machine)) {
    std::printf("%s\t%s\t%s\t%s\n", std::string(name_of(proof.layer)).c_str(), std::string(name_of(proof.result)).c_str(),
                proof.tried.c_str(), proof.why.c_str());
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 2 && std::string_view(argv[1]) == "--probe") return probe();
    launcher::Options options;
    if (argc == 4 && std::string_view(argv[1]) == "--users") {
      options.first_user = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
      options.users = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10));
    }
    ::syscall(SYS_close_range, 4U, ~0U, 0U);
    return launcher::run(mortise::os::Fd(3), options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mortise-launcher: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
