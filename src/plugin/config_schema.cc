#include "plugin/config_schema.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "base/suggest.h"
#include "plugin/config_check.h"
#include "plugin/hints.h"

namespace mortise::plugin {

using schema::checked;
using schema::has_type;
using schema::join;
using schema::shown;
using schema::with_article;
using schema::wrong;

namespace {

using Type = ConfigSchema::Type;
using Parameter = ConfigSchema::Parameter;

// The first name of a type is ours; the others are what authors of other systems write.
struct TypeName {
  std::string_view name;
  Type type;
};
constexpr std::array type_names{
    TypeName{"any", Type::any},         TypeName{"null", Type::null},     TypeName{"boolean", Type::boolean},
    TypeName{"integer", Type::integer}, TypeName{"number", Type::number}, TypeName{"string", Type::string},
    TypeName{"bytes", Type::bytes},     TypeName{"time", Type::time},     TypeName{"path", Type::path},
    TypeName{"list", Type::list},       TypeName{"map", Type::map},       TypeName{"bool", Type::boolean},
    TypeName{"int", Type::integer},     TypeName{"float", Type::number},  TypeName{"double", Type::number},
    TypeName{"str", Type::string},      TypeName{"text", Type::string},   TypeName{"array", Type::list},
    TypeName{"object", Type::map},      TypeName{"dict", Type::map},      TypeName{"select", Type::any},
    TypeName{"choice", Type::any},
};
constexpr std::size_t canonical_names = 11;

constexpr std::array<std::string_view, 16> declaration_keys{
    "type",    "default", "description", "required",          "secret",            "enum",  "minimum",
    "maximum", "items",   "properties",  "exclusive_minimum", "exclusive_maximum", "title", "additional", "examples",
    "access"};

// What authors of other systems write for the keys above.
struct Synonym {
  std::string_view theirs, ours;
};
constexpr std::array synonyms{Synonym{"min", "minimum"}, Synonym{"max", "maximum"}, Synonym{"options", "enum"}, Synonym{"choices", "enum"}};

bool is_type_name(const Value& value) {
  return value.is(Kind::string) && std::any_of(type_names.begin(), type_names.end(),
                                               [&](const TypeName& row) { return row.name == value.as_string(); });
}

// Whether any key of the map is, or is nearly, one of a declaration.
bool declares(const Value& map) {
  return std::ranges::any_of(map.members(), [](const Member& member) {
    const auto theirs = [&](const Synonym& word) { return word.theirs == member.key(); };
    return std::ranges::any_of(synonyms, theirs) || nearest(member.key(), {declaration_keys.begin(), declaration_keys.end()});
  });
}

// A bare value is the default of a parameter of any type. The name of a type is more likely meant as one, so it is asked about.
Value declared(const Value& value, const std::string& path) {
  if (!value.is(Kind::map) || (value.size() > 0 && !declares(value))) {
    if (!value.is_null() && !is_type_name(value)) return Value::map({{"default", value}});
    throw wrong(path, "a map that declares a parameter", shown(value),
                "write {\"type\": ..., \"default\": ..., \"description\": ...}");
  }
  Value declaration = value;
  for (const Synonym& word : synonyms) {
    const Value* theirs = declaration.find(word.theirs);
    if (theirs == nullptr || declaration.find(word.ours) != nullptr) continue;
    declaration.set(word.ours, Value(*theirs));
    declaration.erase(word.theirs);
  }
  return declaration;
}

class Reader {
 public:
  Reader(const Value& declaration, std::string path) : declaration_(declared(declaration, path)), path_(std::move(path)) {}

  [[nodiscard]] Parameter read(std::string name) const {
    refuse_unknown_keys();
    Parameter parameter;
    parameter.name = std::move(name);
    parameter.type = type();
    if (const Value* text = find("description", Type::string)) parameter.description = text->as_string();
    if (const Value* flag = find("required", Type::boolean)) parameter.required = flag->as_bool();
    if (const Value* flag = find("secret", Type::boolean)) parameter.secret = flag->as_bool();
    if (const Value* word = find("access", Type::string)) parameter.access = access(*word);
    if (const Value* list = find("enum", Type::list)) parameter.choices.assign(list->items().begin(), list->items().end());
    parameter.minimum = number("minimum");
    parameter.maximum = number("maximum");
    parameter.exclusive_minimum = number("exclusive_minimum");
    parameter.exclusive_maximum = number("exclusive_maximum");
    read_nested(parameter);
    read_default(parameter);
    return parameter;
  }

 private:
  void refuse_unknown_keys() const {
    for (const Member& member : declaration_.members()) {
      if (std::find(declaration_keys.begin(), declaration_keys.end(), member.key()) != declaration_keys.end()) continue;
      const auto meant = nearest(member.key(), {declaration_keys.begin(), declaration_keys.end()});
      if (!meant) continue;  // somebody's own: a unit, a widget
      throw Error(Code::invalid, path_ + ": unknown key '" + std::string(member.key()) + "' in the declaration of a parameter",
                  "did you mean '" + *meant + "'?")
          .with("key", join(path_, member.key()));
    }
  }

  [[nodiscard]] const Value* find(std::string_view key, Type type) const {
    const Value* value = declaration_.find(key);
    if (value != nullptr && !has_type(*value, type)) throw wrong(join(path_, key), with_article(name_of(type)), shown(*value));
    return value;
  }

  [[nodiscard]] std::optional<double> number(std::string_view key) const {
    const Value* value = find(key, Type::number);
    if (value == nullptr) return std::nullopt;
    return value->as_float64();
  }

  [[nodiscard]] ConfigSchema::Access access(const Value& word) const {
    if (word.as_string() == "read") return ConfigSchema::Access::read;
    if (word.as_string() == "write") return ConfigSchema::Access::write;
    throw wrong(join(path_, "access"), "read or write", shown(word));
  }

  [[nodiscard]] Type type() const {
    const Value* name = find("type", Type::string);
    if (name == nullptr) return Type::any;
    for (const TypeName& row : type_names) {
      if (row.name == name->as_string()) return row.type;
    }
    std::vector<std::string_view> known;
    for (std::size_t i = 0; i < canonical_names; ++i) known.push_back(type_names.at(i).name);
    throw wrong(join(path_, "type"), "a type", shown(*name), did_you_mean(name->as_string(), known));
  }

  void read_nested(Parameter& parameter) const {
    if (const Value* items = find("items", Type::map)) {
      parameter.items = std::make_shared<const Parameter>(Reader(*items, join(path_, "items")).read({}));
    }
    if (const Value* properties = find("properties", Type::map)) {
      Value declaration = *properties;
      if (const Value* additional = find("additional", Type::boolean)) declaration["additional"] = *additional;
      parameter.properties =
          std::make_shared<const ConfigSchema>(ConfigSchema::parse(declaration, join(path_, "properties")));
    }
  }

  // A default of null says "absent", in any type.
  void read_default(Parameter& parameter) const {
    const Value* value = declaration_.find("default");
    if (value == nullptr) return;
    if (parameter.required) {
      throw Error(Code::invalid, path_ + ": a required parameter has no default", "say one or the other")
          .with("key", join(path_, "default"));
    }
    parameter.default_value = value->is_null() ? Value() : checked(parameter, *value, join(path_, "default"));
  }

  const Value declaration_;
  std::string path_;
};

}  // namespace

std::string_view name_of(ConfigSchema::Type type) noexcept {
  for (const TypeName& row : type_names) {
    if (row.type == type) return row.name;
  }
  return "any";
}

ConfigSchema ConfigSchema::parse(const Value& declaration, std::string_view where) {
  if (!declaration.is(Kind::map)) throw wrong(std::string(where), "a map of parameters", shown(declaration));
  ConfigSchema schema;
  schema.declared_ = true;
  for (const Member& member : declaration.members()) {
    if (member.key() == "additional" && member.value().is(Kind::boolean)) {
      schema.additional_ = member.value().as_bool();
      continue;
    }
    schema.parameters_.push_back(Reader(member.value(), join(where, member.key())).read(std::string(member.key())));
  }
  return schema;
}

const Parameter* ConfigSchema::find(std::string_view name) const noexcept {
  for (const Parameter& parameter : parameters_) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

Value ConfigSchema::apply(Value config, std::string_view where) const {
  if (config.is_null()) config = Value::map();
  if (!config.is(Kind::map)) throw wrong(std::string(where), "a map", shown(config));
  if (!declared_) return config;
  refuse_unknown(config, where);
  for (const Parameter& parameter : parameters_) {
    const std::string path = join(where, parameter.name);
    const Value* given = config.find(parameter.name);
    const bool absent = given == nullptr || (given->is_null() && parameter.type != Type::any && parameter.type != Type::null);
    if (!absent) {
      config.set(parameter.name, checked(parameter, *given, path));
    } else if (parameter.required) {
      throw Error(Code::invalid, path + ": missing; " + with_article(name_of(parameter.type)) + " is required",
                  parameter.description)
          .with("key", path)
          .with("expected", std::string(name_of(parameter.type)))
          .with("got", given == nullptr ? "nothing" : "null");
    } else if (parameter.default_value) {
      config.set(parameter.name, *parameter.default_value);
    }
  }
  return config;
}

void ConfigSchema::refuse_unknown(const Value& config, std::string_view where) const {
  if (additional_) return;
  for (const Member& member : config.members()) {
    if (find(member.key()) != nullptr) continue;
    std::vector<std::string_view> known;
    for (const Parameter& parameter : parameters_) known.push_back(parameter.name);
    throw Error(Code::invalid, join(where, member.key()) + ": unknown key",
                known.empty() ? "no parameters are declared here" : did_you_mean(member.key(), known))
        .with("key", join(where, member.key()))
        .with("expected", "a declared parameter")
        .with("got", std::string(member.key()));
  }
}

}  // namespace mortise::plugin
