// Recurses until its stack ends.
#include <atomic>
#include <mortise/plugin.hpp>

namespace {

const std::atomic<bool> forever = true;

unsigned deeper(volatile unsigned* level) {
  volatile unsigned here = *level + 1;
  return forever ? deeper(&here) + here : here;
}

struct RecursesForever : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    volatile unsigned top = 0;
    return static_cast<std::int64_t>(deeper(&top));
  }
};

}  // namespace

MORTISE_PLUGIN(RecursesForever)
