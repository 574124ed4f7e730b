// What a ConfigSchema says about itself and about a config's secrets: the forms for listings, OpenAPI and logs.
#include <array>
#include <cmath>
#include <utility>

#include "base/redact.h"
#include "plugin/config_check.h"

namespace mortise::plugin {
namespace {

using Type = ConfigSchema::Type;
using Parameter = ConfigSchema::Parameter;

Value manifest_form_of(const Parameter& parameter) {
  Value form = Value::map({{"type", name_of(parameter.type)}});
  if (parameter.default_value) form["default"] = *parameter.default_value;
  if (!parameter.description.empty()) form["description"] = parameter.description;
  if (parameter.required) form["required"] = true;
  if (parameter.secret) form["secret"] = true;
  if (parameter.access != ConfigSchema::Access::automatic)
    form["access"] = parameter.access == ConfigSchema::Access::read ? "read" : "write";
  for (const Value& choice : parameter.choices) form["enum"].push_back(choice);
  if (parameter.minimum) form["minimum"] = *parameter.minimum;
  if (parameter.maximum) form["maximum"] = *parameter.maximum;
  if (parameter.exclusive_minimum) form["exclusive_minimum"] = *parameter.exclusive_minimum;
  if (parameter.exclusive_maximum) form["exclusive_maximum"] = *parameter.exclusive_maximum;
  if (parameter.items != nullptr) form["items"] = manifest_form_of(*parameter.items);
  if (parameter.properties != nullptr) {
    Value properties = parameter.properties->manifest_form();
    if (properties.erase("additional")) form["additional"] = true;
    form["properties"] = std::move(properties);
  }
  return form;
}

std::string_view json_type(Type type) noexcept {
  switch (type) {
    case Type::null: return "null";
    case Type::boolean: return "boolean";
    case Type::integer: return "integer";
    case Type::number: return "number";
    case Type::list: return "array";
    case Type::map: return "object";
    case Type::any: return {};
    default: return "string";
  }
}

void limits_to_json(const Parameter& parameter, Value& schema) {
  const bool number = parameter.type == Type::number || parameter.type == Type::integer;
  if (number) {
    if (parameter.minimum) schema["minimum"] = *parameter.minimum;
    if (parameter.maximum) schema["maximum"] = *parameter.maximum;
    if (parameter.exclusive_minimum) schema["exclusiveMinimum"] = *parameter.exclusive_minimum;
    if (parameter.exclusive_maximum) schema["exclusiveMaximum"] = *parameter.exclusive_maximum;
    return;
  }
  const std::string_view suffix = parameter.type == Type::list ? "Items" : parameter.type == Type::map ? "Properties" : "Length";
  if (parameter.minimum) schema["min" + std::string(suffix)] = static_cast<std::int64_t>(std::ceil(*parameter.minimum));
  if (parameter.maximum) schema["max" + std::string(suffix)] = static_cast<std::int64_t>(std::floor(*parameter.maximum));
}

Value json_schema_of(const Parameter& parameter) {
  Value schema = parameter.properties != nullptr ? parameter.properties->json_schema() : Value::map();
  if (const auto type = json_type(parameter.type); !type.empty()) schema["type"] = type;
  if (parameter.type == Type::time) schema["format"] = "date-time";
  if (parameter.type == Type::bytes) schema["contentEncoding"] = "base64";
  if (!parameter.description.empty()) schema["description"] = parameter.description;
  if (parameter.default_value) schema["default"] = *parameter.default_value;
  if (parameter.secret) schema["writeOnly"] = true;
  for (const Value& choice : parameter.choices) schema["enum"].push_back(choice);
  limits_to_json(parameter, schema);
  if (parameter.items != nullptr) {
    schema[parameter.type == Type::map ? "additionalProperties" : "items"] = json_schema_of(*parameter.items);
  }
  return schema;
}

using Visit = void (*)(Value& secret, std::vector<std::string>* texts);

void redact(Value& secret, std::vector<std::string>*) { secret = Redactor::mask; }

void collect(Value& secret, std::vector<std::string>* texts) {
  if (secret.is(Kind::string)) texts->emplace_back(secret.as_string());
  if (secret.is(Kind::bytes)) texts->emplace_back(secret.as_bytes());
  if (secret.is_number()) texts->push_back(schema::shown(secret));
  if (secret.is(Kind::list)) {
    for (const Value& item : secret.items()) {
      Value copy = item;
      collect(copy, texts);
    }
  }
  if (secret.is(Kind::map)) {
    for (const Member& member : secret.members()) {
      Value copy = member.value();
      collect(copy, texts);
    }
  }
}

void visit_secrets(const ConfigSchema& schema, Value& config, Visit visit, std::vector<std::string>* texts);

void visit_secrets(const Parameter& parameter, Value& value, Visit visit, std::vector<std::string>* texts) {
  if (value.is_null()) return;
  if (parameter.secret) return visit(value, texts);
  if (parameter.properties != nullptr) return visit_secrets(*parameter.properties, value, visit, texts);
  if (parameter.items == nullptr) return;
  if (value.is(Kind::list)) {
    Value list = Value::list();
    for (const Value& item : value.items()) visit_secrets(*parameter.items, list.push_back(item), visit, texts);
    value = std::move(list);
  } else if (value.is(Kind::map)) {
    Value map = Value::map();
    for (const Member& member : value.members()) {
      Value item = member.value();
      visit_secrets(*parameter.items, item, visit, texts);
      map.set(member.key(), std::move(item));
    }
    value = std::move(map);
  }
}

void visit_secrets(const ConfigSchema& schema, Value& config, Visit visit, std::vector<std::string>* texts) {
  for (const Parameter& parameter : schema.parameters()) {
    const Value* found = config.find(parameter.name);
    if (found == nullptr) continue;
    Value value = *found;
    visit_secrets(parameter, value, visit, texts);
    config.set(parameter.name, std::move(value));
  }
}

}  // namespace

Value ConfigSchema::redacted(Value config) const {
  if (config.is(Kind::map)) visit_secrets(*this, config, redact, nullptr);
  return config;
}

std::vector<std::string> ConfigSchema::secrets_in(const Value& config) const {
  std::vector<std::string> texts;
  Value copy = config;
  if (copy.is(Kind::map)) visit_secrets(*this, copy, collect, &texts);
  return texts;
}

Value ConfigSchema::manifest_form() const {
  Value form = Value::map();
  for (const Parameter& parameter : parameters_) form.set(parameter.name, manifest_form_of(parameter));
  if (additional_) form.set("additional", true);
  return form;
}

Value ConfigSchema::json_schema() const {
  Value schema = Value::map({{"type", "object"}, {"properties", Value::map()}});
  for (const Parameter& parameter : parameters_) {
    schema["properties"].set(parameter.name, json_schema_of(parameter));
    if (parameter.required) schema["required"].push_back(parameter.name);
  }
  if (declared_) schema["additionalProperties"] = additional_;
  return schema;
}

}  // namespace mortise::plugin
