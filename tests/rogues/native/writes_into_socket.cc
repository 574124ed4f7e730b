// Writes garbage into the protocol's own descriptor.
#include <unistd.h>

#include <mortise/plugin.hpp>
#include <chrono>
#include <string>
#include <thread>

namespace {

struct WritesIntoSocket : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    const std::string garbage(4096, '\xA5');
    if (::write(3, garbage.data(), garbage.size()) < 0) throw mortise::Error(mortise::Code::plugin, "could not write");
    std::this_thread::sleep_for(std::chrono::hours(1));  // the host finds out while it waits
    return "written";
  }
};

}  // namespace

MORTISE_PLUGIN(WritesIntoSocket)
