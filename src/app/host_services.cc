#include "app/host_services.h"

#include <algorithm>
#include <mutex>

#include "app/settings_keys.h"
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

// Nothing in it is secret: what tells where and how the host listens and runs plugins.
constexpr std::string_view told[] = {"server.host",
                                     "server.port",
                                     "server.max_body",
                                     "plugins.directories",
                                     "plugins.timeout",
                                     "plugins.auto_discovery",
                                     "plugins.max_concurrency",
                                     "runtime.grace",
                                     "runtime.idle"};

Value described(const Settings& settings) {
  Value map = Value::map();
  for (const std::string_view name : told) map.set(name, find_key(name)->show(settings));
  map.set("server.hosts", map.at("server.host"));
  map.set("server.ports", map.at("server.port"));
  return map;
}

class ConfigService : public plugin::Service {
 public:
  explicit ConfigService(const Settings& settings) : settings_(described(settings)) {}

  void tell(const Settings& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = described(settings);
  }

  Value call(std::string_view method, const Value& input, const plugin::Chain& /*chain*/) override {
    const std::lock_guard lock(mutex_);
    if (method == "all") return settings_;
    if (method == "get") return settings_.at(input.is(Kind::string) ? input.as_string() : input.at("key").as_string());
    throw Error(Code::not_found, "the service ConfigService has no method '" + std::string(method) + "'",
                "it has get and all");
  }

 private:
  std::mutex mutex_;
  Value settings_;
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

std::function<void(const Settings&)> add_host_services(plugin::Services& services, const Settings& settings,
                                                       const Log& log, const plugin::Registry& registry,
                                                       runtime::Runtime& runtime) {
  services.add("Logger", std::make_shared<Logger>(log));
  const auto config = std::make_shared<ConfigService>(settings);
  services.add("ConfigService", config);
  // Plugins come and go: who provides a capability is looked for when somebody asks. The first by id, where several do.
  services.otherwise([&registry, &runtime](std::string_view name) -> std::shared_ptr<plugin::Service> {
    for (const auto& each : registry.list()) {
      if (std::find(each->provides.begin(), each->provides.end(), name) != each->provides.end()) return std::make_shared<Provided>(runtime, each->id);
    }
    return nullptr;
  });
  return [config](const Settings& changed) { config->tell(changed); };
}

}  // namespace mortise::app
