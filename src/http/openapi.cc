#include "http/openapi.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace mortise::http {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lowered;
}

Value typed(std::string_view type, std::string_view description) {
  Value schema = Value::map({{"type", type}});
  if (!description.empty()) schema.set("description", description);
  return schema;
}

Value content(const std::string& type, const Value& schema) {
  return Value::map({{type, Value::map({{"schema", schema}})}});
}

Value parameter_of(const Route& route, const Parameter& parameter) {
  const bool in_path = route.pattern.find("{" + parameter.name + "}") != std::string::npos;
  return Value::map({{"name", parameter.name},
                     {"in", in_path ? "path" : "query"},
                     {"required", in_path || parameter.presence == Presence::required},
                     {"description", parameter.description},
                     {"schema", parameter.schema}});
}

// One answer per status: several codes may share one.
void add_errors(Value& responses, const Route& route) {
  std::map<int, std::string> by_status;
  std::vector<Code> codes = route.errors;
  codes.insert(codes.end(), {Code::invalid, Code::denied, Code::busy, Code::internal});
  for (const Code code : codes) {
    std::string& names = by_status[meaning(code).http_status];
    if (names.find(name_of(code)) == std::string::npos) names.append(names.empty() ? "" : " or ").append(name_of(code));
  }
  for (const auto& [status, names] : by_status) {
    if (status < 400 || responses.has(std::to_string(status))) continue;
    responses.set(
        std::to_string(status),
        Value::map({{"description", names},
                    {"content", content("application/json", Value::map({{"$ref", "#/components/schemas/Error"}}))}}));
  }
}

Value operation_of(const Route& route) {
  Value parameters = Value::list();
  for (const Parameter& parameter : route.parameters) parameters.push_back(parameter_of(route, parameter));
  Value responses = Value::map();
  responses.set(std::to_string(route.success), Value::map({{"description", route.summary},
                                                           {"content", content(route.response_type, route.response)}}));
  add_errors(responses, route);

  Value operation = Value::map({{"operationId", route.id},
                                {"tags", Value::list({Value(route.tag)})},
                                {"summary", route.summary},
                                {"x-scope", name_of(needed(route.scope, route.method))},
                                {"parameters", parameters}});
  if (!route.description.empty()) operation.set("description", route.description);
  if (!route.request.is_null()) {
    operation.set("requestBody",
                  Value::map({{"required", true}, {"content", content("application/json", route.request)}}));
  }
  operation.set("responses", responses);
  return operation;
}

}  // namespace

Value error_schema() {
  using namespace schema;
  return object({{"error", string("what happened, in one sentence")},
                 {"code", one_of({"invalid", "not_found", "conflict", "denied", "unsupported", "busy", "timeout",
                                  "cancelled", "plugin", "internal"},
                                 "what the caller should do next")},
                 {"message", string("the sentence with all of its causes")},
                 {"hint", string("what to do about it")},
                 {"details", object({})},
                 {"cause", list(object({{"message", string()}, {"code", string()}}, {"message", "code"}))}},
                {"error", "code", "message", "hint", "details", "cause"});
}

Value openapi_document(const Router& router, const std::string& version) {
  Value paths = Value::map();
  for (const auto& route : router.routes()) {
    paths[route->pattern].set(lower(name_of(route->method)), operation_of(*route));
  }
  return Value::map(
      {{"openapi", "3.1.0"},
       {"info", Value::map({{"title", "Mortise"},
                            {"version", version},
                            {"summary", "One host for plugins that work on data and models"},
                            {"license", Value::map({{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}})}})},
       {"servers", Value::list({Value::map({{"url", "/"}})})},
       {"paths", paths},
       {"components", Value::map({{"schemas", Value::map({{"Error", error_schema()}})}})}});
}

namespace schema {

Value string(std::string_view description) { return typed("string", description); }
Value integer(std::string_view description) { return typed("integer", description); }
Value number(std::string_view description) { return typed("number", description); }
Value boolean(std::string_view description) { return typed("boolean", description); }

Value time(std::string_view description) {
  Value schema = typed("string", description);
  schema.set("format", "date-time");
  return schema;
}

Value anything(std::string_view description) {
  return description.empty() ? Value::map() : Value::map({{"description", description}});
}

Value one_of(std::initializer_list<std::string_view> words, std::string_view description) {
  Value schema = typed("string", description);
  Value all = Value::list();
  for (const std::string_view word : words) all.push_back(word);
  schema.set("enum", all);
  return schema;
}

Value list(Value items, std::string_view description) {
  Value schema = typed("array", description);
  schema.set("items", std::move(items));
  return schema;
}

Value object(std::initializer_list<std::pair<std::string_view, Value>> properties,
             std::initializer_list<std::string_view> required) {
  Value schema = typed("object", {});
  Value all = Value::map();
  for (const auto& [name, property] : properties) all.set(name, property);
  schema.set("properties", all);
  if (required.size() > 0) {
    Value names = Value::list();
    for (const std::string_view name : required) names.push_back(name);
    schema.set("required", names);
  }
  return schema;
}

Value nullable(Value schema) {
  if (const Value* type = schema.find("type")) schema.set("type", Value::list({Value(*type), Value("null")}));
  return schema;
}

}  // namespace schema
}  // namespace mortise::http
