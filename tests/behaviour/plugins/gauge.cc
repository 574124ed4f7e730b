// A service and a user of services. `call read` is what it answers as a service that a manifest provides; a step that names a
// `service` and a `method` asks that one; any other gives the heights of a table of tides. Both say which process they are in.
#include <unistd.h>

#include <mortise/plugin.hpp>

namespace {

using mortise::Value;

std::int64_t own_pid() { return ::getpid(); }

struct Gauge : mortise::Plugin {
  Value call(mortise::Call& call) override {
    if (call.method() != "read") throw mortise::Error(mortise::Code::not_found, "a gauge can be read, no more");
    return Value::map({{"pid", own_pid()}, {"metres", 2.5}});
  }

  Value step(mortise::Step& step) override {
    const Value* service = step.config().find("service");
    if (service == nullptr) return heights(step.input_value());
    const Value answer = step.service(service->as_string(), step.config("method").as_string(), step.config("with"));
    return Value::map({{"pid", own_pid()}, {"answer", answer}});
  }

 private:
  static Value heights(const Value& tides) {
    Value all = Value::list();
    for (const Value& row : tides.at("rows").items()) all.push_back(row.at("height"));
    return all;
  }
};

}  // namespace

MORTISE_PLUGIN(Gauge)
