// ConfigSchema: what a plugin's configuration may hold, declared in its manifest, checked before the plugin sees it.
//
//   "config": { "timeout": {"type": "number", "default": 30, "exclusive_minimum": 0, "description": "seconds"},
//               "columns": {"type": "list", "items": {"type": "string"}, "required": true},
//               "additional": true }
//
// apply() promises: what comes back has every default filled in, every value has the declared type, and nothing was
// converted on the way (an int is a number; "5" is never 5). The first thing wrong is an Error{invalid} whose details
// name the whole path of the key, what was expected and what was there. A key that the schema does not know is refused
// with the nearest known one, unless the schema says `"additional": true`. A schema that was never declared (manifest
// without `config`) lets everything through: then only the plugin itself can judge.
//
// Set aside: JSON Schema as the way to write it. It says more than anybody needs here, and authors write it wrongly;
// json_schema() gives that form to whoever wants it (OpenAPI, editors).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise::plugin {

class ConfigSchema {
 public:
  enum class Type { any, null, boolean, integer, number, string, bytes, time, path, list, map };

  // What a plugin does with a path that it is given. `automatic`: an Output writes it, others read it.
  enum class Access { automatic, read, write };

  struct Parameter {
    std::string name;
    Type type = Type::any;
    std::string description;
    std::optional<Value> default_value;
    bool required = false;  // has no default and must be given
    Access access = Access::automatic;  // of a path
    bool secret = false;    // never shown; the value is redacted wherever it would appear
    std::vector<Value> choices;  // `enum`: empty means any
    std::optional<double> minimum, maximum;  // numbers: the value; strings, bytes, lists and maps: the size
    std::optional<double> exclusive_minimum, exclusive_maximum;
    std::shared_ptr<const Parameter> items;          // of a list: each item; of a map without `properties`: each value
    std::shared_ptr<const ConfigSchema> properties;  // of a map
  };

  // Undeclared: everything is let through.
  ConfigSchema() = default;
  // Reads the manifest's form. `where` begins the paths in errors. Throws Error{invalid}, also when a default breaks its
  // own rules.
  [[nodiscard]] static ConfigSchema parse(const Value& declaration, std::string_view where = "config");

  // `config` is a map or null (taken as an empty map). `where` is the path of the config itself: "steps[2].config".
  [[nodiscard]] Value apply(Value config, std::string_view where) const;

  // The config with each secret value replaced by "[redacted]", for listings and logs.
  [[nodiscard]] Value redacted(Value config) const;
  // The texts of the secrets in `config`, for the log's redaction list.
  [[nodiscard]] std::vector<std::string> secrets_in(const Value& config) const;

  [[nodiscard]] bool declared() const noexcept { return declared_; }
  [[nodiscard]] bool additional() const noexcept { return additional_; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const noexcept { return parameters_; }
  [[nodiscard]] const Parameter* find(std::string_view name) const noexcept;

  [[nodiscard]] Value manifest_form() const;  // as parse() reads it, for listings
  [[nodiscard]] Value json_schema() const;    // draft 2020-12

 private:
  void refuse_unknown(const Value& config, std::string_view where) const;

  std::vector<Parameter> parameters_;
  bool declared_ = false;
  bool additional_ = false;
};

[[nodiscard]] std::string_view name_of(ConfigSchema::Type type) noexcept;

}  // namespace mortise::plugin
