// mortise-worker: the process in which a native plugin runs. Started by the host with its socket as descriptor 3.
#include <cstdio>
#include <string_view>

#include "mortise/worker.h"
#include "runtime/child/shared_object.h"

namespace child = mortise::runtime::child;

namespace {

constexpr int usage = 64;  // EX_USAGE

int work() {
  child::Session session(child::adopt_socket(3), "mortise-worker " MORTISE_VERSION, "c");
  child::SharedObject plugin;
  return child::serve(session, plugin);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    const bool version = std::string_view(argv[1]) == "--version";
    std::fputs(version ? "mortise-worker " MORTISE_VERSION "\n" : "mortise-worker is started by mortise, not by hand\n",
               version ? stdout : stderr);
    return version ? 0 : usage;
  }
  // What a plugin prints shall appear line by line, not when a buffer is full.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  std::setvbuf(stderr, nullptr, _IOLBF, BUFSIZ);
  try {
    return work();
  } catch (const mortise::Error& error) {
    if (error.code() == mortise::Code::cancelled) return 0;  // the host went away before it said a word
    std::fprintf(stderr, "mortise-worker: %s\n", error.describe().c_str());
    return usage;
  }
}
