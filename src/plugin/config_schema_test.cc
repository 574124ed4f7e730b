#include "plugin/config_schema.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mortise;
using namespace mortise::plugin;

namespace {

Value parameter(const char* type) { return Value::map({{"type", type}}); }

ConfigSchema schema_of(const char* name, Value declaration) {
  Value all = Value::map();
  all.set(name, std::move(declaration));
  return ConfigSchema::parse(all);
}

struct Mistake {
  std::string message, key, expected, got, hint;
};

Mistake mistake(const ConfigSchema& schema, Value config, const char* where = "steps[2].config") {
  try {
    (void)schema.apply(std::move(config), where);
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    return {error.what(), std::string(error.detail("key")), std::string(error.detail("expected")),
            std::string(error.detail("got")), error.hint()};
  }
  return {};
}

std::string refusal(const Value& declaration) {
  try {
    (void)ConfigSchema::parse(declaration);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("defaults are filled in and given values stay as they are") {
  const ConfigSchema schema = ConfigSchema::parse(Value::map({
      {"timeout", Value::map({{"type", "number"}, {"default", 30}})},
      {"mode", Value::map({{"type", "string"}, {"default", "fast"}})},
      {"note", parameter("string")},
  }));
  const Value config = schema.apply(Value::map({{"mode", "slow"}}), "config");
  CHECK(config.at("timeout").as_int64() == 30);
  CHECK(config.at("mode").as_string() == "slow");
  CHECK_FALSE(config.has("note"));
  CHECK(schema.apply(Value(), "config").size() == 2);
}

TEST_CASE("a wrong type names the whole path, what was expected and what was there") {
  const auto wrong = mistake(schema_of("timeout", parameter("number")), Value::map({{"timeout", "abc"}}));
  CHECK(wrong.message == "steps[2].config.timeout: expected a number, got \"abc\"");
  CHECK(wrong.key == "steps[2].config.timeout");
  CHECK(wrong.expected == "a number");
  CHECK(wrong.got == "\"abc\"");
}

TEST_CASE("nothing is converted silently, but a whole number is a number") {
  CHECK(schema_of("n", parameter("number")).apply(Value::map({{"n", 3}}), "c").at("n").is(Kind::int64));
  CHECK(mistake(schema_of("n", parameter("integer")), Value::map({{"n", 3.0}})).expected == "an integer");
  CHECK(mistake(schema_of("n", parameter("integer")), Value::map({{"n", "3"}})).got == "\"3\"");
  CHECK(mistake(schema_of("n", parameter("boolean")), Value::map({{"n", 1}})).got == "1");
  CHECK(mistake(schema_of("n", parameter("string")), Value::map({{"n", true}})).got == "true");
  CHECK(mistake(schema_of("n", parameter("list")), Value::map({{"n", Value::map()}})).got == "a map of 0");
  CHECK(mistake(schema_of("n", parameter("bytes")), Value::map({{"n", "text"}})).expected == "bytes");
  CHECK(mistake(schema_of("n", parameter("any")), Value::map({{"n", Value::list({1})}})).message.empty());
}

TEST_CASE("a missing required key is an error with the parameter's own description as the hint") {
  const ConfigSchema schema = schema_of(
      "path", Value::map({{"type", "path"}, {"required", true}, {"description", "the file to read"}}));
  auto wrong = mistake(schema, Value::map());
  CHECK(wrong.message == "steps[2].config.path: missing; a path is required");
  CHECK(wrong.hint == "the file to read");
  wrong = mistake(schema, Value::map({{"path", nullptr}}));
  CHECK(wrong.got == "null");
}

TEST_CASE("null stands for an absent key") {
  const ConfigSchema schema = schema_of("n", Value::map({{"type", "integer"}, {"default", 5}}));
  CHECK(schema.apply(Value::map({{"n", nullptr}}), "c").at("n").as_int64() == 5);
}

TEST_CASE("an unknown key is refused with the nearest known one, unless the schema lets others through") {
  Value declaration = Value::map({{"timeout", parameter("number")}});
  auto wrong = mistake(ConfigSchema::parse(declaration), Value::map({{"timout", 3}}));
  CHECK(wrong.message == "steps[2].config.timout: unknown key");
  CHECK(wrong.hint == "did you mean 'timeout'?");
  CHECK(mistake(ConfigSchema::parse(Value::map()), Value::map({{"x", 1}})).message == "steps[2].config.x: unknown key");

  declaration["additional"] = true;
  CHECK(mistake(ConfigSchema::parse(declaration), Value::map({{"timout", 3}})).message.empty());
}

TEST_CASE("a schema that was never declared lets everything through") {
  const Value config = Value::map({{"anything", Value::list({1, "two"})}});
  CHECK(ConfigSchema().apply(config, "c") == config);
  CHECK(mistake(ConfigSchema(), "not a map").message == "steps[2].config: expected a map, got \"not a map\"");
}

TEST_CASE("numbers are held between their limits, and NaN is beyond all of them") {
  const ConfigSchema schema = schema_of(
      "t", Value::map({{"type", "number"}, {"exclusive_minimum", 0}, {"maximum", 10}}));
  CHECK(mistake(schema, Value::map({{"t", 0}})).message == "steps[2].config.t: expected more than 0, got 0");
  CHECK(mistake(schema, Value::map({{"t", -1.5}})).got == "-1.5");
  CHECK(mistake(schema, Value::map({{"t", 10.5}})).expected == "at most 10");
  CHECK(mistake(schema, Value::map({{"t", 10}})).message.empty());
  CHECK(mistake(schema, Value::map({{"t", std::numeric_limits<double>::quiet_NaN()}})).expected == "more than 0");
  const ConfigSchema from = schema_of("t", Value::map({{"minimum", 1}, {"exclusive_maximum", 3}}));
  CHECK(mistake(from, Value::map({{"t", 0}})).expected == "at least 1");
  CHECK(mistake(from, Value::map({{"t", 3}})).expected == "less than 3");
}

TEST_CASE("limits of texts and lists are limits of their size") {
  const ConfigSchema schema = schema_of("names", Value::map({{"type", "list"}, {"minimum", 1}}));
  CHECK(mistake(schema, Value::map({{"names", Value::list()}})).expected == "a size of at least 1");
}

TEST_CASE("a value outside the choices is refused with the nearest choice") {
  const ConfigSchema schema =
      schema_of("method", Value::map({{"type", "string"}, {"enum", Value::list({"zscore", "minmax", "robust"})}}));
  const auto wrong = mistake(schema, Value::map({{"method", "zscor"}}));
  CHECK(wrong.expected == "one of \"zscore\", \"minmax\", \"robust\"");
  CHECK(wrong.hint == "did you mean 'zscore'?");
  const ConfigSchema numbers = schema_of("k", Value::map({{"type", "number"}, {"enum", Value::list({1, 2})}}));
  CHECK(mistake(numbers, Value::map({{"k", 1.0}})).message.empty());
}

TEST_CASE("items of lists and values of maps are checked where they stand, and nested maps get their defaults") {
  const ConfigSchema schema = ConfigSchema::parse(Value::map({
      {"columns", Value::map({{"type", "list"}, {"items", parameter("string")}})},
      {"weights", Value::map({{"type", "map"}, {"items", parameter("number")}})},
      {"retry", Value::map({{"type", "map"},
                            {"properties", Value::map({{"attempts", Value::map({{"type", "integer"}, {"default", 3}})}})}})},
  }));
  CHECK(mistake(schema, Value::map({{"columns", Value::list({"a", 2})}})).key == "steps[2].config.columns[1]");
  CHECK(mistake(schema, Value::map({{"weights", Value::map({{"x", "heavy"}})}})).key == "steps[2].config.weights.x");
  CHECK(mistake(schema, Value::map({{"retry", Value::map({{"atempts", 1}})}})).hint == "did you mean 'attempts'?");
  const Value config = schema.apply(Value::map({{"retry", Value::map()}}), "c");
  CHECK(config.at("retry").at("attempts").as_int64() == 3);
}

TEST_CASE("a secret is never shown: not in errors, not in listings") {
  const ConfigSchema schema = ConfigSchema::parse(Value::map({
      {"key", Value::map({{"type", "string"}, {"secret", true}, {"minimum", 30}})},
      {"hosts", Value::map({{"type", "list"},
                            {"items", Value::map({{"type", "map"},
                                                  {"properties", Value::map({{"token", Value::map({{"secret", true}})}})}})}})},
  }));
  const Value config = Value::map(
      {{"key", "hunter2hunter2"}, {"hosts", Value::list({Value::map({{"token", "abcdefgh"}})})}});
  CHECK(mistake(schema, config).message.find("hunter2") == std::string::npos);
  CHECK(schema.redacted(config).at("key").as_string() == "[redacted]");
  CHECK(schema.redacted(config).at("hosts")[0].at("token").as_string() == "[redacted]");
  CHECK(schema.secrets_in(config) == std::vector<std::string>{"hunter2hunter2", "abcdefgh"});
  CHECK(config.at("key").as_string() == "hunter2hunter2");
}

TEST_CASE("a broken declaration is refused where it is broken") {
  CHECK(refusal(Value::map({{"n", Value::map({{"type", "strng"}})}})) == "config.n.type: expected a type, got \"strng\"");
  CHECK(refusal(Value::map({{"n", Value::map({{"typ", "string"}})}})) ==
        "config.n: unknown key 'typ' in the declaration of a parameter");
  CHECK(refusal(Value::map({{"n", "string"}})) == "config.n: expected a map that declares a parameter, got \"string\"");
  CHECK(refusal(Value::map({{"n", Value::map({{"type", "integer"}, {"default", "5"}})}})) ==
        "config.n.default: expected an integer, got \"5\"");
  CHECK(refusal(Value::map({{"n", Value::map({{"required", true}, {"default", 5}})}})) ==
        "config.n: a required parameter has no default");
  CHECK(refusal(Value::map({{"n", Value::map({{"minimum", "low"}})}})) == "config.n.minimum: expected a number, got \"low\"");
  CHECK(refusal(Value::list()) == "config: expected a map of parameters, got a list of 0");
}

TEST_CASE("the names that other systems use for types mean the same") {
  for (const auto& [theirs, ours] : std::vector<std::pair<const char*, const char*>>{
           {"int", "integer"}, {"float", "number"}, {"str", "string"}, {"bool", "boolean"}, {"array", "list"}, {"object", "map"}}) {
    CHECK(name_of(schema_of("n", parameter(theirs)).parameters()[0].type) == ours);
  }
}

TEST_CASE("the listed form reads back to the same schema, and OpenAPI gets JSON Schema") {
  const Value declaration = Value::map({
      {"columns", Value::map({{"type", "list"}, {"required", true}, {"items", parameter("string")}})},
      {"timeout", Value::map({{"type", "number"}, {"default", 30}, {"description", "seconds"}, {"exclusive_minimum", 0.0}})},
      {"key", Value::map({{"type", "string"}, {"secret", true}, {"minimum", 4.0}})},
      {"nested", Value::map({{"type", "map"}, {"additional", true}, {"properties", Value::map({{"x", parameter("any")}})}})},
      {"additional", true},
  });
  const ConfigSchema schema = ConfigSchema::parse(declaration);
  CHECK(schema.manifest_form() == declaration);
  CHECK(ConfigSchema::parse(schema.manifest_form()).manifest_form() == declaration);

  const Value json = schema.json_schema();
  CHECK(json.at("required") == Value::list({"columns"}));
  CHECK(json.at("additionalProperties").as_bool());
  CHECK(json.at("properties").at("columns").at("items").at("type").as_string() == "string");
  CHECK(json.at("properties").at("timeout").at("exclusiveMinimum").as_float64() == 0);
  CHECK(json.at("properties").at("key").at("writeOnly").as_bool());
  CHECK(json.at("properties").at("key").at("minLength").as_int64() == 4);
  CHECK(json.at("properties").at("nested").at("properties").at("x").size() == 0);
}
