// Tells `text` to everybody: standard output, standard error, the log, progress, its result, and as its error if `fail`.
#include <cstdio>
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct Tell : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const std::string text(step.config("text").as_string());
    std::printf("out: %s\n", text.c_str());
    std::fprintf(stderr, "err: %s\n", text.c_str());
    std::fflush(stdout);
    step.warning("logged: " + text, {{"field", text}});
    step.progress(0.5, "at " + text);
    const mortise::Value* fail = step.config().find("fail");
    if (fail != nullptr && fail->as_bool()) {
      throw mortise::Error(mortise::Code::plugin, "cannot use " + text, "use another than " + text).with("text", text);
    }
    return text;
  }
};

}  // namespace

MORTISE_PLUGIN(Tell)
