// Opens files until it is refused, and closes none.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct LeaksDescriptors : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    for (int opened = 0; opened < 2'000'000; ++opened) {
      if (::open("/dev/null", O_RDONLY) < 0) {
        throw mortise::Error(mortise::Code::plugin, "refused after " + std::to_string(opened) + " files: " +
                                                        std::strerror(errno));
      }
    }
    return "never refused";
  }
};

}  // namespace

MORTISE_PLUGIN(LeaksDescriptors)
