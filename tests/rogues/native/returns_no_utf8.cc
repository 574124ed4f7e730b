// Returns text that is not UTF-8.
#include <mortise/plugin.hpp>

namespace {

struct ReturnsNoUtf8 : mortise::Plugin {
  mortise::Value step(mortise::Step&) override { return "\xC3\x28 \xFF\xFE"; }
};

}  // namespace

MORTISE_PLUGIN(ReturnsNoUtf8)
