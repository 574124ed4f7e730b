// Closes the protocol's descriptor, then works on.
#include <unistd.h>

#include <mortise/plugin.hpp>
#include <thread>

namespace {

struct ClosesSocket : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    ::close(3);
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
};

}  // namespace

MORTISE_PLUGIN(ClosesSocket)
