// Makes the file `mine` and waits for the file `other`: two of these end only if they run at the same time.
#include <unistd.h>

#include <fstream>
#include <mortise/plugin.hpp>
#include <string>
#include <thread>

namespace {

struct Meet : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    std::ofstream(std::string(step.config("mine").as_string())) << "here" << std::flush;
    const std::string other(step.config("other").as_string());
    while (::access(other.c_str(), F_OK) != 0) {
      step.stop_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return "met";
  }
};

}  // namespace

MORTISE_PLUGIN(Meet)
