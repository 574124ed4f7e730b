// The face of Output.json; what it writes is in document.h.
#include "mortise/plugin.hpp"

#include "lib/atomic_file.h"
#include "lib/inputs.h"
#include "lib/options.h"
#include "output_json/document.h"

namespace {

namespace plugins = mortise::plugins;
using mortise::Kind;
using mortise::Value;

struct Spec {
  std::string path;
  plugins::DocumentStyle style;

  explicit Spec(const Value& config) {
    const plugins::Options options(config);
    options.only({"path", "input", "shape", "indent"});
    path = options.required_text("path");
    if (options.choice("shape", {"records", "columns"}) == "columns") style.shape = plugins::TableShape::columns;
    style.indent = static_cast<int>(options.integer("indent", 0, 8).value_or(2));
    check_input(options);
  }

 private:
  static void check_input(const plugins::Options& options) {
    const Value* input = options.find("input");
    if (input == nullptr || input->is(Kind::string)) return;
    const plugins::Options names = options.map("input");  // refuses what is neither
    for (const mortise::Member& member : names.value().members()) (void)names.required_text(member.key());
  }
};

struct OutputJson : mortise::Plugin {
  Value validate(Value config, mortise::Call&) override {
    (void)Spec(config);
    return config;
  }

  Value step(mortise::Step& step) override {
    const Spec spec(step.config());
    const Value value = input_of(step);
    plugins::AtomicFile file(spec.path);
    const std::int64_t rows = plugins::write_document(value, spec.style, [&](std::string_view piece) {
      step.stop_if_cancelled();
      file.write(piece);
    });
    file.commit();
    step.rows(rows);
    step.info("wrote " + file.path(), {{"bytes", file.size()}, {"rows", rows}});
    return Value::map({{"path", file.path()}, {"bytes", file.size()}, {"rows", rows}});
  }

 private:
  static Value input_of(mortise::Step& step) {
    const Value* input = step.config().find("input");
    if (input == nullptr || !input->is(Kind::map)) return step.input_value();
    Value object = Value::map();
    for (const mortise::Member& member : input->members()) {
      object.set(member.key(), plugins::from_context(step, std::string(member.value().as_string())));
    }
    return object;
  }
};

}  // namespace

MORTISE_PLUGIN(OutputJson)
