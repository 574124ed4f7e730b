// Fails with an error text of 32 MB.
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct ExplainsAtLength : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    throw mortise::Error(mortise::Code::plugin, "it went wrong: " + std::string(32'000'000, 'x'));
  }
};

}  // namespace

MORTISE_PLUGIN(ExplainsAtLength)
