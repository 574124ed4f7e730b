// Lets an exception escape from a thread of its own.
#include <mortise/plugin.hpp>
#include <stdexcept>
#include <thread>

namespace {

struct ThrowsInThread : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    std::thread([] { throw std::runtime_error("nobody catches this"); }).join();
    return "unreachable";
  }
};

}  // namespace

MORTISE_PLUGIN(ThrowsInThread)
