#include "dialects/smi/registrations.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "dialects/smi/places.h"
#include "http/body.h"
#include "os/process.h"
#include "plugin/manifest.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"
#include "store/database.h"

namespace mortise::dialects::smi {
namespace {

using http::number_of;
using http::object_of;
using http::required_text;
using http::text_of;

constexpr std::chrono::milliseconds patience{60'000};  // for the plugin's own initialisation
constexpr std::int64_t longest_call_ms = 3'600'000;

// Plugins that one of the original's clients expects for a format.
std::string plugin_of_format(const std::string& format) {
  if (format == "onnx") return "onnx-runtime-builtin";
  if (format == "pytorch") return "pytorch-plugin";
  if (format == "tensorflow") return "tensorflow-plugin";
  return {};
}

std::string framework_of_file(const std::string& path) {
  for (const auto& [ending, framework] :
       {std::pair(".onnx", "onnx"), std::pair(".pt", "pytorch"), std::pair(".pth", "pytorch"),
        std::pair(".tflite", "tflite"), std::pair(".keras", "keras")}) {
    if (path.ends_with(ending)) return framework;
  }
  return {};
}

// "pytorch,numpy" has pytorch, and numpy.
bool lists(std::string_view all, std::string_view wanted) {
  while (!all.empty()) {
    std::string_view one = all.substr(0, all.find(','));
    all.remove_prefix(std::min(all.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == wanted) return true;
  }
  return false;
}

Value requirements_of(const Value& body) {
  const Value* all = body.find("requirements");
  if (all == nullptr) return Value::list();
  const Error wrong = Error(Code::invalid, "requirements is no list of {type, amount}",
                            R"(send [{"type": "memory", "amount": 1048576}])")
                          .with("key", "requirements");
  if (!all->is(Kind::list)) throw wrong;
  for (const Value& each : all->items()) {
    const Value *type = each.find("type"), *amount = each.find("amount");
    const bool sound = type != nullptr && type->is(Kind::string) && amount != nullptr && amount->is(Kind::int64) &&
                       amount->as_int64() >= 0;
    if (!sound) throw wrong;
  }
  return *all;
}

double milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

}  // namespace

// ---- plugins --------------------------------------------------------------------------------------------------------

plugin::Descriptor Registrations::descriptor_of(const store::RegistrationRow& row) {
  plugin::Descriptor plugin = finder_.describe(row.location);
  const Value details = data::parse_json(row.details);
  Value about = finder_.about(plugin.id);
  about.set("registered", Value::map({{"name", details.at("name")}, {"endpoint", details.at("endpoint")}}));
  plugin.id = row.id;
  finder_.name(plugin.id, std::move(about));
  plugin.settings = Value::map({{"config", details.at("config")}});
  if (const auto calls = number_of(details, "concurrency", 1, 64))
    plugin.concurrency = static_cast<std::uint32_t>(*calls);
  if (const auto time = number_of(details, "timeout_ms", 1, longest_call_ms))
    plugin.deadline = std::chrono::milliseconds(*time);
  return plugin;
}

plugin::Finding Registrations::before() {
  plugin::Finding finding;
  const auto rows = host_.database.read(
      [](store::Connection& connection) { return store::RegistrationStore(connection).list("smi"); });
  for (const store::RegistrationRow& row : rows) {
    try {
      finding.plugins.push_back(descriptor_of(row));
    } catch (const Error& error) {
      finding.problems.push_back({row.location, error});
    }
  }
  return finding;
}

Value Registrations::add_plugin(const http::Request& request) {
  const Value body = object_of(request);
  store::RegistrationRow row;
  row.id = required_text(body, "id");
  plugin::check_plugin_name(row.id);
  const std::string endpoint = required_text(body, "endpoint");
  row.dialect = "smi";
  row.location = place_of(endpoint, "endpoint", request, host_);
  row.created = now();
  Value details = Value::map({{"name", text_of(body, "name")}, {"endpoint", endpoint}, {"config", nullptr}});
  if (const Value* config = body.find("config"); config != nullptr && !config->is_null())
    details.set("config", config->is(Kind::string) ? *config : Value(data::to_json(*config)));
  for (const char* key : {"concurrency", "timeout_ms"}) {
    if (const Value* value = body.find(key)) details.set(key, *value);
  }
  row.details = data::to_json(details);

  const std::lock_guard guard(one_at_a_time_);
  plugin::Descriptor plugin = descriptor_of(row);
  const auto known = host_.registry.find(row.id);
  if (known != nullptr && known->dialect != "smi")
    throw Error(Code::conflict, "'" + row.id + "' is a plugin that is written in another way",
                "register it under another id")
        .with("key", "id");
  if (known != nullptr) {
    (void)host_.registry.remove(known->id);
    host_.runtime.retire(known->id);
  }
  const auto added = host_.registry.add(std::move(plugin));
  try {
    initialize(added->id);
  } catch (const Error&) {
    (void)host_.registry.remove(added->id);
    host_.runtime.retire(added->id);
    throw;
  }
  host_.database
      .write(store::Durability::full,
             [row](store::Connection& connection) { store::RegistrationStore(connection).put(row); })
      .get();
  return plugin_page(*added);
}

void Registrations::initialize(const std::string& id) {
  runtime::Call call;
  call.operation = runtime::Operation::call;
  call.method = "initialize";
  call.deadline = runtime::Clock::now() + patience;
  (void)host_.runtime.invoke(id, std::move(call)).take();
}

void Registrations::remove_plugin(const std::string& id) {
  const std::lock_guard guard(one_at_a_time_);
  const auto known = host_.registry.get(id);
  const auto models = host_.models.of_plugin(known->id);
  if (!models.empty()) {
    throw Error(Code::conflict,
                "plugin '" + known->id + "' has " + std::to_string(models.size()) + " models, such as '" +
                    models.front().id + "'",
                "remove its models first: DELETE /models/{id}");
  }
  const bool was_registered = host_.database
                                  .write(store::Durability::full,
                                         [id = known->id](store::Connection& connection) {
                                           return store::RegistrationStore(connection).remove(id);
                                         })
                                  .get();
  if (!was_registered)
    throw Error(Code::conflict, "plugin '" + known->id + "' lies in a folder of plugins; nobody registered it",
                "move its file away");
  (void)host_.registry.remove(known->id);
  host_.runtime.retire(known->id);
}

std::vector<plugin::Registry::Entry> Registrations::own() const {
  auto all = host_.registry.list();
  std::erase_if(all, [](const auto& plugin) { return plugin->dialect != "smi"; });
  return all;
}

Value Registrations::plugins() const {
  Value all = Value::list();
  for (const auto& plugin : own()) all.push_back(plugin_page(*plugin));
  return all;
}

Value Registrations::plugin_page(const plugin::Descriptor& plugin) const {
  const Value about = finder_.about(plugin.id);
  const auto said = [&](const char* key) { return about.is(Kind::map) && about.find(key) ? about.at(key) : Value(); };
  const Value* registered = about.find("registered");
  const std::string name = registered != nullptr ? text_of(*registered, "name") : std::string();
  Value page = Value::map({{"id", plugin.id},
                           {"name", name.empty() ? plugin.description : name},
                           {"version", plugin.version_text},
                           {"plugin_id", said("id")},
                           {"plugin_name", said("name")},
                           {"plugin_version", said("version")},
                           {"frameworks", said("frameworks")},
                           {"smi_version", said("smi_version")},
                           {"form", said("form")},
                           {"language", plugin.language},
                           {"endpoint", registered != nullptr ? registered->at("endpoint")
                                                              : Value("file://" + plugin.folder + "/" + plugin.entry)},
                           {"concurrency", plugin.concurrency},
                           {"models", static_cast<std::int64_t>(host_.models.of_plugin(plugin.id).size())}});
  std::int64_t memory = 0, processes = 0;
  const auto seen = os::list_processes();
  for (const auto& instance : host_.runtime.instances()) {
    if (instance.plugin != plugin.id) continue;
    for (const auto& process : seen) {
      if (process.pid == instance.pid) memory += static_cast<std::int64_t>(process.resident);
    }
    ++processes;
  }
  page.set("processes", processes);
  page.set("memory_bytes", memory);
  for (const auto& stats : host_.runtime.stats()) {
    if (stats.plugin != plugin.id) continue;
    page.set("calls", stats.calls);
    page.set("failures", stats.failures);
    page.set("latency_ms", Value::map({{"p50", milliseconds(stats.p50)},
                                       {"p95", milliseconds(stats.p95)},
                                       {"p99", milliseconds(stats.p99)},
                                       {"max", milliseconds(stats.longest)}}));
  }
  return page;
}

// ---- models ---------------------------------------------------------------------------------------------------------

// Named, or by the format, or by the framework that the plugins say they support.
std::string Registrations::plugin_for(const Value& body) const {
  if (const std::string named = text_of(body, "plugin_id"); !named.empty()) return host_.registry.get(named)->id;
  const std::string format = text_of(body, "execution_format");
  if (const auto known = host_.registry.find(plugin_of_format(format.empty() ? "onnx" : format)); known != nullptr)
    return known->id;
  const std::string framework = text_of(body, "framework");
  for (const std::string& wanted : {format, framework}) {
    for (const auto& plugin : own()) {
      const Value about = finder_.about(plugin->id);
      if (!wanted.empty() && about.is(Kind::map) && lists(text_of(about, "frameworks"), wanted)) return plugin->id;
    }
  }
  throw Error(Code::not_found,
              "no plugin for a model of framework '" + framework + "', execution format '" + format + "'",
              "name one as plugin_id; GET /plugins shows those that are there")
      .with("key", "plugin_id");
}

Value Registrations::add_model(const http::Request& request) {
  const Value body = object_of(request);
  models::Model model;
  model.id = required_text(body, "model_id");
  model.plugin = plugin_for(body);
  model.name = text_of(body, "name");
  if (model.name.empty()) model.name = model.id;
  model.format = text_of(body, "execution_format");
  const char* key = body.has("path") ? "path" : "model_path";
  if (const std::string path = text_of(body, key); !path.empty()) model.path = place_of(path, key, request, host_);
  model.framework = text_of(body, "framework");
  for (const std::string& guess : {model.format, framework_of_file(model.path), std::string("custom")}) {
    if (model.framework.empty()) model.framework = guess;
  }
  model.version = text_of(body, "version");
  model.description = text_of(body, "description");
  model.details.set("requirements", requirements_of(body));
  if (const auto time = number_of(body, "timeout_ms", 1, longest_call_ms)) model.details.set("timeout_ms", *time);
  const std::string id = model.id;
  host_.models.add(std::move(model));
  return model_page(host_.models.get(id));
}

Value Registrations::models() const {
  Value all = Value::list();
  for (const models::Model& model : host_.models.list()) all.push_back(model_page(model));
  return all;
}

Value Registrations::model_page(const models::Model& model) const {
  const models::ModelStats stats = host_.models.stats(model.id);
  return Value::map({{"model_id", model.id},
                     {"plugin_id", model.plugin},
                     {"name", model.name},
                     {"framework", model.framework},
                     {"execution_format", model.format},
                     {"path", model.path},
                     {"version", model.version},
                     {"description", model.description},
                     {"origin", model.origin},
                     {"registered_at", to_rfc3339(model.created)},
                     {"inferences", stats.inferences},
                     {"failures", stats.failures},
                     {"latency_ms", Value::map({{"p50", milliseconds(stats.p50)},
                                                {"p95", milliseconds(stats.p95)},
                                                {"p99", milliseconds(stats.p99)},
                                                {"max", milliseconds(stats.longest)}})}});
}

}  // namespace mortise::dialects::smi
