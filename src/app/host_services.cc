#include "app/host_services.h"

#include "plugin/registry.h"
#include "plugin/services.h"
#include "runtime/runtime.h"

namespace mortise::app {
namespace {

class Logger : public plugin::Service {
 public:
  explicit Logger(Log log) : log_(std::move(log)) {}

  Value call(std::string_view method, const Value& input, const plugin::Chain& /*chain*/) override {
    const auto level = level_named(method);
    if (!level) {
      throw Error(Code::not_found, "the service Logger has no method '" + std::string(method) + "'",
                  "it has debug, info, warning and error");
    }
    const Value* fields = input.find("fields");
    log_.write(*level, input.at("message").as_string(), fields != nullptr ? *fields : Value::map());
    return {};
  }

 private:
  const Log log_;
};

double seconds(std::chrono::milliseconds duration) { return std::chrono::duration<double>(duration).count(); }

Value list_of(const auto& items) {
  Value list = Value::list();
  for (const auto& item : items) list.push_back(item);
  return list;
}

// Nothing in it is secret: what tells where and how the host listens and runs plugins.
Value described(const Settings& settings) {
  return Value::map({{"server.hosts", list_of(settings.server.hosts)},
                     {"server.ports", list_of(settings.server.ports)},
                     {"server.max_body", settings.server.max_body},
                     {"plugins.directories", list_of(settings.plugins.directories)},
                     {"plugins.auto_discovery", settings.plugins.auto_discovery},
                     {"plugins.timeout", seconds(settings.plugins.timeout)},
                     {"plugins.max_concurrency", settings.plugins.max_concurrency},
                     {"runtime.grace", seconds(settings.runtime.grace)},
                     {"runtime.idle", seconds(settings.runtime.idle)}});
}

class ConfigService : public plugin::Service {
 public:
  explicit ConfigService(const Settings& settings) : settings_(described(settings)) {}

  Value call(std::string_view method, const Value& input, const plugin::Chain& /*chain*/) override {
    if (method == "all") return settings_;
    if (method == "get") return settings_.at(input.is(Kind::string) ? input.as_string() : input.at("key").as_string());
    throw Error(Code::not_found, "the service ConfigService has no method '" + std::string(method) + "'",
                "it has get and all");
  }

 private:
  const Value settings_;
};

// A capability of a plugin: its methods are those of the plugin's operation `call`.
class Provided : public plugin::Service {
 public:
  Provided(runtime::Runtime& runtime, std::string plugin) : runtime_(runtime), plugin_(std::move(plugin)) {}

  Value call(std::string_view method, const Value& input, const plugin::Chain& chain) override {
    runtime::Call call;
    call.operation = runtime::Operation::call;
    call.method = method;
    call.input = input;
    call.chain = chain;
    return runtime_.invoke(plugin_, std::move(call)).take();
  }

 private:
  runtime::Runtime& runtime_;
  const std::string plugin_;
};

}  // namespace

void add_host_services(plugin::Services& services, const Settings& settings, const Log& log,
                       const plugin::Registry& registry, runtime::Runtime& runtime) {
  services.add("Logger", std::make_shared<Logger>(log));
  services.add("ConfigService", std::make_shared<ConfigService>(settings));
  for (const auto& descriptor : registry.list()) {
    for (const std::string& name : descriptor->provides) {
      try {
        services.add(name, std::make_shared<Provided>(runtime, descriptor->id));
      } catch (const Error& error) {
        log.failure("a service was left out", error, {{"plugin", descriptor->id}, {"service", name}});
      }
    }
  }
}

}  // namespace mortise::app
