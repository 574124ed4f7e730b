// Writes through a null pointer.
#include <mortise/plugin.hpp>

namespace {

struct DereferencesNull : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    volatile int* volatile nowhere = nullptr;
    *nowhere = 1;
    return "unreachable";
  }
};

}  // namespace

MORTISE_PLUGIN(DereferencesNull)
