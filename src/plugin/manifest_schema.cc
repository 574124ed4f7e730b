#include "plugin/manifest_schema.h"

#include <string_view>

#include "plugin/extension_points.h"

namespace mortise::plugin {
namespace {

constexpr std::string_view name_pattern = R"(^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)?$)";
constexpr std::string_view version_pattern =
    R"(^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-((0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$)";
constexpr std::string_view loose_version_pattern = R"(^v?[0-9]+(\.[0-9]+){0,2}([-+].+)?$)";

Value words(std::initializer_list<std::string_view> all) {
  Value list = Value::list();
  for (const std::string_view word : all) list.push_back(word);
  return list;
}

Value text(std::string_view description) { return Value::map({{"type", "string"}, {"minLength", 1}, {"description", description}}); }

// A key that may also be null, which is as good as absent.
Value optional(Value schema) {
  schema.set("type", Value::list({schema.at("type"), "null"}));
  return schema;
}

Value optional_text(std::string_view description) { return optional(Value::map({{"type", "string"}, {"description", description}})); }

Value texts(std::string_view description) {
  return optional(Value::map({{"type", "array"}, {"items", Value::map({{"type", "string"}})}, {"description", description}}));
}

Value whole(std::int64_t least, std::int64_t most, std::string_view description) {
  return optional(Value::map({{"type", "integer"}, {"minimum", least}, {"maximum", most}, {"description", description}}));
}

Value points() {
  Value names = Value::list();
  for (const ExtensionPoint& point : extension_points()) names.push_back(point.name);
  return optional(Value::map({{"type", "array"}, {"items", Value::map({{"enum", names}})}, {"description", "where the plugin takes part"}}));
}

Value requirements(std::string_view description) {
  const Value object = Value::map({{"type", "object"},
                                   {"required", words({"name"})},
                                   {"properties", Value::map({{"name", text("the name")},
                                                              {"version", optional_text("a range, such as ^2.1 or >=1.20,<2")},
                                                              {"type", Value::map({{"enum", words({"plugin", "package", "system", "capability"})}})},
                                                              {"description", optional_text("for people")},
                                                              {"optional", Value::map()}})},
                                   {"additionalProperties", false}});
  const Value items = Value::map({{"oneOf", Value::list({Value::map({{"type", "string"}, {"pattern", R"(^[^ <>=!~^@;,])"}}), object})}});
  return optional(Value::map({{"type", "array"}, {"items", items}, {"description", description}}));
}

Value limits() {
  return optional(Value::map({{"type", "object"},
                              {"properties", Value::map({{"memory", Value::map({{"type", words({"integer", "string"})}, {"description", "512 MiB"}})},
                                                         {"processes", whole(1, 4'294'967'295, "threads count")},
                                                         {"open_files", whole(8, 4'294'967'295, "files open at once")},
                                                         {"processors", optional(Value::map({{"type", "number"}, {"minimum", 0.01}, {"maximum", 4096}}))}})},
                              {"additionalProperties", false},
                              {"description", "of one worker with all it starts"}}));
}

// A parameter of the configuration; `additional` beside them is no parameter.
Value parameters() {
  const Value types = words({"string", "integer", "number", "boolean", "list", "map", "path", "bytes", "time", "null", "any"});
  const Value parameter = Value::map(
      {{"type", words({"object", "boolean"})},
       {"properties", Value::map({{"type", Value::map({{"enum", types}})},
                                  {"description", Value::map({{"type", "string"}})},
                                  {"required", Value::map({{"type", "boolean"}})},
                                  {"secret", Value::map({{"type", "boolean"}})},
                                  {"enum", Value::map({{"type", "array"}})}})}});
  return optional(Value::map({{"type", "object"}, {"additionalProperties", parameter}, {"description", "the parameters of a step"}}));
}

Value properties() {
  return Value::map(
      {{"name", Value::map({{"type", "string"}, {"pattern", name_pattern}, {"maxLength", 128}, {"description", "the plugin's id"}})},
       {"version", Value::map({{"type", "string"}, {"pattern", version_pattern}, {"description", "SemVer, such as 1.2.3"}})},
       {"author", text("who wrote it")},
       {"description", text("what it does")},
       {"language", Value::map({{"enum", words({"c", "c++", "cpp", "python", "r", "go"})}})},
       {"entry_point", text("a file of the package")},
       {"author_email", optional_text("for people")},
       {"license", optional_text("for people")},
       {"category", optional_text("for people who look for plugins")},
       {"homepage", Value::map()},
       {"repository", Value::map()},
       {"keywords", Value::map()},
       {"tags", texts("for searching")},
       {"extension_points", points()},
       {"aliases", texts("more names that find it")},
       {"config", parameters()},
       {"permissions", texts("what it needs beyond the data it is given: read_data, write_data, network, network=HOST, file_system, file_system=PATH[:write]")},
       {"environment", texts("environment variables that it may see")},
       {"dependencies", requirements("packages of its language, or maps with type plugin, package, system or capability")},
       {"requires", requirements("plugins")},
       {"provides", texts("capabilities that others may require")},
       {"conflicts", texts("plugins that it cannot be used with")},
       {"lifetime", optional(Value::map({{"type", "string"}, {"pattern", "^(resident|per_call|per-call)$"}}))},
       {"concurrency", whole(1, 1024, "calls that one instance takes at a time")},
       {"max_instances", whole(1, 1024, "instances kept warm at most")},
       {"timeout", Value::map({{"type", words({"number", "string", "null"})}, {"description", "of one operation: 30, \"1.5s\", \"2m\""}})},
       {"on_failure", optional(Value::map({{"type", "string"}, {"pattern", "^(stop|report|backoff|fail)$"}}))},
       {"limits", limits()},
       {"min_platform_version", optional(Value::map({{"type", "string"}, {"pattern", loose_version_pattern}}))}});
}

}  // namespace

Value manifest_schema() {
  return Value::map({{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                     {"title", "manifest.json of a plugin"},
                     {"type", "object"},
                     {"required", words({"name", "version", "author", "description", "language", "entry_point"})},
                     {"properties", properties()}});
}

}  // namespace mortise::plugin
