#include "dialects/smi/routes.h"

#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "http/api.h"
#include "http/body.h"
#include "http/openapi.h"
#include "models/inputs.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

namespace mortise::dialects::smi {
namespace {

using namespace http::schema;
using http::Method;
using http::Request;
using http::Response;
using http::Route;
using models::Form;
using models::Input;

// What a plugin's status means over HTTP; other errors mean what they mean everywhere.
int http_status(const Error& error) {
  const std::string_view said = error.detail("smi_status");
  if (said.empty()) return meaning(error.code()).http_status;
  int status = 0;
  (void)std::from_chars(said.data(), said.data() + said.size(), status);
  switch (status) {
    case -1: return 400;
    case -2: return 507;
    case -3: return 404;
    case -4: return 501;
    default: return 500;
  }
}

// {"status": "error", "message": ...}, and beside it what every error of this host says.
Response guide_error(const Error& error) {
  Value body = Value::map({{"status", "error"}});
  const std::string_view model = error.detail("model");
  if (!model.empty()) body.set("model_id", model);
  const bool ran = !error.detail("inference").empty();
  body.set("message", ran ? Value("Inference execution failed") : Value(error.what()));
  const Value all = http::error_body(error);
  for (const char* key : {"error", "code", "hint", "details", "cause"}) body.set(key, all.at(key));
  return Response::json(body, http_status(error));
}

Value success(std::initializer_list<std::pair<std::string_view, Value>> members) {
  Value body = Value::map({{"status", "success"}});
  for (const auto& [key, value] : members) body.set(key, value);
  return body;
}

Error of_model(const Error& error, const std::string& id) {
  Error told(error);
  if (told.detail("model").empty()) told.with("model", id);
  return told.with("inference", "failed");
}

std::optional<std::chrono::milliseconds> time_for(const models::Model& model) {
  const Value* time = model.details.find("timeout_ms");
  if (time == nullptr) return std::nullopt;
  return std::chrono::milliseconds(time->as_int64());
}

// A library takes nothing but bytes.
bool is_library(const Surroundings& host, const models::Model& model) {
  const auto plugin = host.registry.find(model.plugin);
  return plugin != nullptr && plugin->dialect == "smi" && plugin->language == "c";
}

// A body of application/octet-stream is the bytes themselves. Else it is JSON: {"input": ANY, "input_format"?} or named arrays.
Input input_in(const Request& request, bool library) {
  if (request.header("content-type").starts_with("application/octet-stream"))
    return {Value::bytes(request.body), Form::bytes};
  const Value body = request.json();
  if (!body.is(Kind::map)) return models::input_of(body, "", library);
  const Value* input = body.find("input");
  if (input == nullptr) return models::named_inputs(body, library);
  return models::input_of(*input, http::text_of(body, "input_format"), library);
}

bool wants_bytes(const Request& request, Form form) {
  const std::string_view accept = request.header("accept");
  if (accept.find("application/json") != std::string_view::npos) return false;
  return form == Form::bytes || accept.find("application/octet-stream") != std::string_view::npos;
}

Response answer(const Request& request, const models::Model& model, const Input& input,
                const runtime::Outcome& outcome) {
  const Value& result = outcome.value;
  const Value& output = result.at("outputs");
  const Value* took = result.find("inference_ns");
  const std::int64_t micros = (took != nullptr ? took->as_int64() : outcome.elapsed.count()) / 1000;
  if (output.is(Kind::bytes) && wants_bytes(request, input.form)) {
    Response response = Response::text(std::string(output.as_bytes()), "application/octet-stream");
    response.headers = {{"X-Model-Id", model.id},
                        {"X-Inference-Time-Us", std::to_string(micros)},
                        {"X-Bytes-Copied", std::to_string(outcome.bytes_copied)}};
    return response;
  }
  const models::Shown text = models::shown(output, input.form);
  Value body = success({{"model_id", model.id}, {"inference_time_us", micros}, {"output_size", text.size}});
  if (request.bool_parameter("include_outputs", false)) {
    body.set("outputs", text.output.is(Kind::map) ? text.output : Value::map({{"output", text.output}}));
  }
  body.set("output", text.output);
  body.set("output_format", text.format);
  body.set("bytes_copied", outcome.bytes_copied);
  const Value* capacity = result.find("output_capacity");
  if (capacity != nullptr && capacity->is(Kind::int64) && capacity->as_int64() == text.size)
    body.set("output_may_be_cut", true);
  return Response::json(body);
}

Response infer(const Surroundings& host, const Request& request) {
  const models::Model model = host.models.get(request.variable("id"));
  try {
    const Input input = input_in(request, is_library(host, model));
    Value call = Value::map({{"inputs", input.value}});
    if (request.parameter("output_capacity"))
      call.set("output_capacity", request.int_parameter("output_capacity", 0, 1, std::int64_t{256} << 20));
    runtime::Outcome outcome = host.models.infer(model, std::move(call), time_for(model));
    if (!outcome.ok()) throw *outcome.error;
    return answer(request, model, input, outcome);
  } catch (const Error& error) {
    throw of_model(error, model.id);
  }
}

Response infer_batch(const Surroundings& host, const Request& request) {
  const models::Model model = host.models.get(request.variable("id"));
  const Value body = http::object_of(request);
  const Value* all = body.find("inputs");
  if (all == nullptr || !all->is(Kind::list) || all->size() == 0 || all->size() > 1024)
    throw Error(Code::invalid, "inputs is no list of 1 to 1024 inputs").with("key", "inputs");
  std::vector<Input> inputs;
  Value values = Value::list();
  for (const Value& each : all->items()) {
    inputs.push_back(models::input_of(each, http::text_of(body, "input_format"), is_library(host, model)));
    values.push_back(inputs.back().value);
  }
  runtime::Outcome outcome = host.models.ask(model, "infer_batch", Value::map({{"inputs", values}}), time_for(model));
  if (!outcome.ok()) throw of_model(*outcome.error, model.id);
  Value outputs = Value::list();
  const auto answered = outcome.value.at("outputs").items();
  for (std::size_t i = 0; i < answered.size() && i < inputs.size(); ++i)
    outputs.push_back(models::shown(answered[i], inputs[i].form).output);
  return Response::json(success({{"model_id", model.id},
                                 {"count", static_cast<std::int64_t>(outputs.size())},
                                 {"inference_time_us", outcome.value.at("inference_ns").as_int64() / 1000},
                                 {"outputs", outputs}}));
}

Response model_of(const Surroundings& host, const Registrations& registrations, const Request& request) {
  const models::Model model = host.models.get(request.variable("id"));
  Value page = registrations.model_page(model);
  runtime::Outcome told = host.models.ask(model, "model_info", Value::map(), time_for(model));
  page.set("info", told.ok() ? told.value.at("info") : Value());
  if (!told.ok()) page.set("problem", told.error->describe());
  return Response::json(page);
}

Response stats(const Surroundings& host, const Registrations& registrations) {
  const double uptime = static_cast<double>(now().nanoseconds - host.api.started.nanoseconds) / 1e9;
  return Response::json(
      success({{"uptime_s", uptime}, {"plugins", registrations.plugins()}, {"models", registrations.models()}}));
}

Value page_schema() { return object({{"status", one_of({"success", "error"})}}, {"status"}); }

class Table {
 public:
  explicit Table(http::Router& router) : router_(router) {}
  Table& add(Route route) {
    route.tag = "models";
    route.error_body = guide_error;
    if (route.response.is_null()) route.response = page_schema();
    router_.add(std::move(route));
    return *this;
  }

 private:
  http::Router& router_;
};

void add_plugins(Table& table, Registrations& all) {
  const auto registration = object({{"id", string("the name it will have here")},
                                    {"name", string()},
                                    {"version", string()},
                                    {"endpoint", string("file://PATH of a .so or .py file")},
                                    {"config", anything("a text as it is, anything else as JSON text")},
                                    {"concurrency", integer("calls at a time; absent: 1")},
                                    {"timeout_ms", integer("of one call; absent: 5000")}},
                                   {"id", "endpoint"});
  table
      .add({.method = Method::post,
            .pattern = "/plugins/register",
            .id = "registerModelPlugin",
            .summary = "Load a model plugin from a file",
            .request = registration,
            .errors = {Code::not_found, Code::denied, Code::conflict, Code::unsupported, Code::plugin},
            .work = http::Work::waiting,
            .handler = http::answering([&all](const Request& request) {
              return Response::json(success({{"plugin", all.add_plugin(request)}}));
            })})
      .add({.pattern = "/plugins",
            .id = "listModelPlugins",
            .summary = "The model plugins that are there",
            .handler = http::answering([&all](const Request&) {
              return Response::json(success({{"plugins", all.plugins()}}));
            })})
      .add({.method = Method::del,
            .pattern = "/plugins/{id}",
            .id = "removeModelPlugin",
            .summary = "Let a registered plugin go",
            .parameters = {{"id", "as it was registered", string()}},
            .errors = {Code::not_found, Code::conflict},
            .work = http::Work::waiting,
            .handler = http::answering([&all](const Request& request) {
              all.remove_plugin(std::string(request.variable("id")));
              return Response::json(success({}));
            })});
}

void add_models(Table& table, const Surroundings& host, Registrations& all) {
  const std::vector<http::Parameter> id{{"id", "the model's id, percent-encoded", string()}};
  const auto registration = object({{"model_id", string()},
                                    {"plugin_id", string("absent: by execution_format, then by framework")},
                                    {"name", string()},
                                    {"path", string("a file or folder, given to the plugin")},
                                    {"framework", string()},
                                    {"execution_format", string()},
                                    {"requirements", list(object({{"type", string()}, {"amount", integer()}}))},
                                    {"timeout_ms", integer("of one inference")}},
                                   {"model_id"});
  table
      .add({.method = Method::post,
            .pattern = "/models/register",
            .id = "registerModel",
            .summary = "Register a model with its plugin and load it",
            .request = registration,
            .errors = {Code::not_found, Code::denied, Code::busy, Code::plugin, Code::timeout},
            .work = http::Work::waiting,
            .handler = http::answering([&all](const Request& request) {
              return Response::json(success({{"model", all.add_model(request)}}));
            })})
      .add({.pattern = "/models",
            .id = "listModels",
            .summary = "The models that are there",
            .handler = http::answering([&all](const Request&) {
              return Response::json(success({{"models", all.models()}}));
            })})
      .add({.pattern = "/models/{id}",
            .id = "getModel",
            .summary = "One model, and what its plugin says of it",
            .parameters = id,
            .errors = {Code::not_found},
            .work = http::Work::waiting,
            .handler = http::answering([&](const Request& request) { return model_of(host, all, request); })})
      .add({.method = Method::del,
            .pattern = "/models/{id}",
            .id = "removeModel",
            .summary = "Let a model go",
            .parameters = id,
            .errors = {Code::not_found},
            .work = http::Work::waiting,
            .handler = http::answering([&](const Request& request) {
              const models::Model model = host.models.get(request.variable("id"));
              (void)host.models.remove(model.id);
              return Response::json(success({{"model_id", model.id}}));
            })})
      .add({.pattern = "/stats",
            .id = "modelStats",
            .summary = "Latencies, calls and memory of model plugins and models",
            .handler = http::answering([&](const Request&) { return stats(host, all); })});
}

void add_inference(Table& table, const Surroundings& host) {
  const std::vector<http::Parameter> id{{"id", "the model's id, percent-encoded", string()}};
  auto asked = id;
  asked.push_back({"include_outputs", "also as outputs{}", boolean()});
  asked.push_back(
      {"output_capacity", "bytes the plugin is offered at first; absent: 1 MiB, or as much as came in", integer()});
  const std::vector<Code> errors{Code::not_found, Code::busy, Code::plugin, Code::timeout};
  table
      .add({.method = Method::post,
            .pattern = "/models/{id}/inference",
            .id = "inference",
            .summary = "Ask a model",
            .description = "JSON {\"input\": ...} or named arrays, or application/octet-stream: the bytes themselves.",
            .parameters = asked,
            .request = anything(),
            .errors = errors,
            .work = http::Work::waiting,
            .handler = http::answering([&](const Request& request) { return infer(host, request); })})
      .add({.method = Method::post,
            .pattern = "/models/{id}/inference/batch",
            .id = "inferenceBatch",
            .summary = "Ask a model several things in one call",
            .parameters = id,
            .request = object({{"inputs", list(anything())}, {"input_format", string()}}, {"inputs"}),
            .errors = errors,
            .work = http::Work::waiting,
            .handler = http::answering([&](const Request& request) { return infer_batch(host, request); })});
}

}  // namespace

void add_routes(http::Router& router, const Surroundings& host, Registrations& registrations) {
  Table table(router);
  add_plugins(table, registrations);
  add_models(table, host, registrations);
  add_inference(table, host);
}

}  // namespace mortise::dialects::smi
