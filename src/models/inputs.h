// What somebody sends to a model as JSON, as the model is given it, and what comes back, as an answer shows it.
#pragma once

#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::models {

enum class Form { text, numbers, bytes, json };  // of an input; its output is shown in the same, where that fits

struct Input {
  Value value;
  Form form = Form::json;
};

// `any` in a format: text, json, float32, int64, base64; empty: by what it is. `library`: the plugin takes nothing but bytes, so what is
// neither text, nor bytes, nor one array goes to it as JSON text. Throws Error{invalid}.
[[nodiscard]] Input input_of(const Value& any, std::string_view format, bool library);

// {"NAME": [numbers], ...}: arrays of up to four dimensions, int64 where all numbers are whole, else float32.
[[nodiscard]] Input named_inputs(const Value& body, bool library);

struct Shown {
  Value output;
  std::string format;     // "text", "float32", "base64", "json"
  std::int64_t size = 0;  // bytes
};
[[nodiscard]] Shown shown(const Value& output, Form form);

}  // namespace mortise::models
