// The face of Data_Processing.summarise; what it does is in summarise.h.
#include "mortise/plugin.hpp"

#include "lib/options.h"
#include "summarise/summarise.h"

namespace {

struct Summarise : mortise::Plugin {
  mortise::Value validate(mortise::Value config, mortise::Call&) override {
    (void)columns_of(config);
    return config;
  }

  mortise::Value step(mortise::Step& step) override {
    namespace plugins = mortise::plugins;
    const auto columns = columns_of(step.config());
    const mortise::Value input = step.input_value();
    return plugins::write_table(plugins::summarise(plugins::read_table(input, "input"), columns));
  }

 private:
  static std::vector<std::string> columns_of(const mortise::Value& config) {
    const mortise::plugins::Options options(config);
    options.only({"input", "columns"});
    return options.texts("columns");
  }
};

}  // namespace

MORTISE_PLUGIN(Summarise)
