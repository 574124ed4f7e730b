// mortise-launcher: started by the server with its socket as descriptor 3. See runtime/launcher/launcher.h.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include "runtime/launcher/launcher.h"

int main() {
  try {
    ::syscall(SYS_close_range, 4U, ~0U, 0U);
    return mortise::runtime::launcher::run(mortise::os::Fd(3));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mortise-launcher: %s\n", error.what());
    return 1;
  }
}
