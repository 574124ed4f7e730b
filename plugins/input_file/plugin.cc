// The face of Input.file; what it does is in input_file.h.
#include "mortise/plugin.hpp"

#include "input_file/input_file.h"

namespace {

struct InputFile : mortise::Plugin {
  mortise::Value validate(mortise::Value config, mortise::Call&) override {
    (void)mortise::plugins::read_file_spec(config);
    return config;
  }

  mortise::Value step(mortise::Step& step) override {
    namespace plugins = mortise::plugins;
    const plugins::FileSpec spec = plugins::read_file_spec(step.config());
    const auto read = plugins::read_table_file(spec, [&step](double fraction) {
      step.stop_if_cancelled();
      step.progress(fraction);
    });
    for (const std::string& note : read.notes) step.warning(note);
    mortise::Value table = plugins::write_table(read.table);
    step.info("read " + spec.path,
              {{"rows", table.as_table().array.length}, {"columns", table.as_table().array.n_children}});
    return table;
  }
};

}  // namespace

MORTISE_PLUGIN(InputFile)
