// Crashes in the first call ever (file `count` remembers), and works from then on.
#include <cstdlib>
#include <fstream>
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct CrashesFirst : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const std::string path(step.config("count").as_string());
    int calls = 0;
    std::ifstream(path) >> calls;
    std::ofstream(path) << ++calls << std::flush;
    if (calls == 1) std::abort();
    return calls;
  }
};

}  // namespace

MORTISE_PLUGIN(CrashesFirst)
