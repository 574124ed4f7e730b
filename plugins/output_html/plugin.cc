// The face of Output.html; what it makes is in page.h.
#include "mortise/plugin.hpp"

#include "lib/atomic_file.h"
#include "lib/inputs.h"
#include "lib/table.h"
#include "output_html/page.h"

namespace {

namespace plugins = mortise::plugins;
using mortise::Value;

struct OutputHtml : mortise::Plugin {
  Value validate(Value config, mortise::Call&) override {
    (void)plugins::read_report(config);
    return config;
  }

  Value step(mortise::Step& step) override {
    const plugins::ReportSpec report = plugins::read_report(step.config());
    std::map<std::string, plugins::Batch> tables;  // each read once
    const std::string page = plugins::make_page(report, [&](const std::string& key) {
      step.stop_if_cancelled();
      const auto [at, fresh] = tables.try_emplace(key);
      if (fresh) at->second = table_of(step, key);
      return at->second;
    });
    plugins::AtomicFile file(report.path);
    file.write(page);
    file.commit();
    step.info("wrote " + file.path(), {{"bytes", file.size()}});
    return Value::map({{"path", file.path()}, {"bytes", file.size()}});
  }

 private:
  static plugins::Batch table_of(mortise::Step& step, const std::string& key) {
    if (key.empty()) return plugins::read_table(step.input_value(), "input");
    return plugins::read_table(plugins::from_context(step, key), "context key '" + key + "'");
  }
};

}  // namespace

MORTISE_PLUGIN(OutputHtml)
