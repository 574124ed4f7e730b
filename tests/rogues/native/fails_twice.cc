// Fails in its first two calls (file `count` remembers), and works from then on.
#include <fstream>
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct FailsTwice : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const std::string path(step.config("count").as_string());
    int calls = 0;
    std::ifstream(path) >> calls;
    std::ofstream(path) << ++calls << std::flush;
    if (calls <= 2) throw mortise::Error(mortise::Code::plugin, "not yet: call " + std::to_string(calls));
    return calls;
  }
};

}  // namespace

MORTISE_PLUGIN(FailsTwice)
