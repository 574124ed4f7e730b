// Logs at every level with a whole number as field, and reports progress in four steps.
#include <mortise/plugin.hpp>

namespace {

struct Talk : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    step.debug("a debug word", {{"data_size", 12}});
    step.info("an info word", {{"data_size", 12}});
    step.warning("a warning word", {{"data_size", 12}});
    step.error("an error word", {{"data_size", 12}});
    for (int quarter = 1; quarter <= 4; ++quarter) step.progress(quarter / 4.0, "quarter");
    return "talked";
  }
};

}  // namespace

MORTISE_PLUGIN(Talk)
