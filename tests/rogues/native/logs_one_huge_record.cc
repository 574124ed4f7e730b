// Logs one record of 32 MB.
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct LogsOneHugeRecord : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    step.info(std::string(32'000'000, 'x'));
    return "logged";
  }
};

}  // namespace

MORTISE_PLUGIN(LogsOneHugeRecord)
