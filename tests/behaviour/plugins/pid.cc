// Gives the id of the process it runs in.
#include <unistd.h>

#include <mortise/plugin.hpp>

namespace {

struct Pid : mortise::Plugin {
  mortise::Value step(mortise::Step&) override { return static_cast<std::int64_t>(::getpid()); }
};

}  // namespace

MORTISE_PLUGIN(Pid)
