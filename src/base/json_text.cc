#include "base/json_text.h"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "base/clock.h"
#include "base/utf8.h"

namespace mortise {
namespace {

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
    out += c;
    return;
  }
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(c));
  out += text;
}

void append_tensor(std::string& out, const mortise_tensor& tensor) {
  out += "\"<tensor";
  for (std::uint32_t i = 0; i < tensor.rank; ++i) out += (i == 0 ? " " : " x ") + std::to_string(tensor.shape[i]);
  out += ">\"";
}

template <typename Range, typename AppendOne>
void append_joined(std::string& out, char open, const Range& range, char close, AppendOne append_one) {
  out += open;
  bool first = true;
  for (const auto& one : range) {
    if (!first) out += ',';
    first = false;
    append_one(one);
  }
  out += close;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (length == 1) {
      append_escaped(out, text.front());
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_json_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  char text[32];
  const auto [end, problem] = std::to_chars(text, text + sizeof text, number);
  const std::string_view shown(text, static_cast<std::size_t>(end - text));
  out += shown;
  if (shown.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_json(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Kind::null: out += "null"; break;
    case Kind::boolean: out += value.as_bool() ? "true" : "false"; break;
    case Kind::int64: out += std::to_string(value.as_int64()); break;
    case Kind::float64: append_json_number(out, value.as_float64()); break;
    case Kind::string: append_json_string(out, value.as_string()); break;
    case Kind::bytes: out += "\"<" + std::to_string(value.size()) + " bytes>\""; break;
    case Kind::time: append_json_string(out, to_rfc3339(value.as_time())); break;
    case Kind::list:
      append_joined(out, '[', value.items(), ']', [&](const Value& item) { append_json(out, item); });
      break;
    case Kind::map:
      append_joined(out, '{', value.members(), '}', [&](const Member& member) {
        append_json_string(out, member.key());
        out += ':';
        append_json(out, member.value());
      });
      break;
    case Kind::tensor: append_tensor(out, value.as_tensor()); break;
    case Kind::table: {
      const mortise_table& table = value.as_table();
      out += "\"<table " + std::to_string(table.array.length) + " x " + std::to_string(table.array.n_children) + ">\"";
      break;
    }
  }
}

}  // namespace mortise
