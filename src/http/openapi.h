// The route table as an OpenAPI 3.1 document.
#pragma once

#include <string>

#include "http/router.h"

namespace mortise::http {

// `version` is that of the product. The document is complete: every route, parameter, body and error answer.
[[nodiscard]] Value openapi_document(const Router& router, const std::string& version);

// The JSON Schema of an error body, as all routes answer it.
[[nodiscard]] Value error_schema();

// Shorthands for schemas in route tables.
namespace schema {
[[nodiscard]] Value string(std::string_view description = {});
[[nodiscard]] Value integer(std::string_view description = {});
[[nodiscard]] Value number(std::string_view description = {});
[[nodiscard]] Value boolean(std::string_view description = {});
[[nodiscard]] Value time(std::string_view description = {});  // RFC 3339
[[nodiscard]] Value anything(std::string_view description = {});
[[nodiscard]] Value one_of(std::initializer_list<std::string_view> words, std::string_view description = {});
[[nodiscard]] Value list(Value items, std::string_view description = {});
// An object with these properties, others allowed. `required` are names among them.
[[nodiscard]] Value object(std::initializer_list<std::pair<std::string_view, Value>> properties,
                           std::initializer_list<std::string_view> required = {});
// The same schema, where null may stand too.
[[nodiscard]] Value nullable(Value schema);
}  // namespace schema

}  // namespace mortise::http
