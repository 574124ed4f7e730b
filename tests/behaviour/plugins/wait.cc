// Writes its process id to the file `started`, then waits until the file `until` exists, its deadline or a cancel.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <mortise/plugin.hpp>
#include <string>
#include <thread>

namespace {

struct Wait : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const std::string started(step.config("started").as_string());
    const std::string until(step.config("until").as_string());
    std::ofstream(started + ".part") << ::getpid() << std::flush;
    std::rename((started + ".part").c_str(), started.c_str());  // whoever sees it sees it whole
    while (::access(until.c_str(), F_OK) != 0) {
      step.stop_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return static_cast<std::int64_t>(::getpid());
  }
};

}  // namespace

MORTISE_PLUGIN(Wait)
