#include "lib/json_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "lib/civil.h"

namespace mortise::plugins {
namespace {

// One character of a text that cannot stand as it is, or nothing to write.
void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr char hex[] = "0123456789abcdef";
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 15];
}

template <typename Real>
std::string shortest_of(Real number) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return {buffer, end};
}

template <typename Real>
void append_real(std::string& out, Real number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const std::string text = shortest_of(number);
  out += text;
  if (text.find_first_of(".e") == std::string::npos) out += ".0";
}

float half_to_float(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  float magnitude = 0;
  if (exponent == 31) {
    magnitude = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = std::ldexp(static_cast<float>(fraction), -24);
  } else {
    magnitude = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

template <typename T>
T element(const void* data, std::int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

void append_element(std::string& out, const mortise_tensor& tensor, std::int64_t i) {
  const void* data = tensor.data;
  switch (tensor.dtype) {
    case MORTISE_DTYPE_BOOL: out += element<std::uint8_t>(data, i) != 0 ? "true" : "false"; return;
    case MORTISE_DTYPE_UINT8: out += std::to_string(element<std::uint8_t>(data, i)); return;
    case MORTISE_DTYPE_UINT16: out += std::to_string(element<std::uint16_t>(data, i)); return;
    case MORTISE_DTYPE_UINT32: out += std::to_string(element<std::uint32_t>(data, i)); return;
    case MORTISE_DTYPE_UINT64: out += std::to_string(element<std::uint64_t>(data, i)); return;
    case MORTISE_DTYPE_INT8: out += std::to_string(element<std::int8_t>(data, i)); return;
    case MORTISE_DTYPE_INT16: out += std::to_string(element<std::int16_t>(data, i)); return;
    case MORTISE_DTYPE_INT32: out += std::to_string(element<std::int32_t>(data, i)); return;
    case MORTISE_DTYPE_INT64: out += std::to_string(element<std::int64_t>(data, i)); return;
    case MORTISE_DTYPE_FP16: append_json(out, half_to_float(element<std::uint16_t>(data, i))); return;
    case MORTISE_DTYPE_FP32: append_json(out, element<float>(data, i)); return;
    case MORTISE_DTYPE_FP64: append_json(out, element<double>(data, i)); return;
    default: throw Error(Code::unsupported, "a tensor of unknown type " + std::to_string(tensor.dtype));
  }
}

// Writes dimension `axis` from element `at` on and returns the element after it. At most MORTISE_MAX_RANK deep.
std::int64_t append_axis(std::string& out, const mortise_tensor& tensor, std::uint32_t axis, std::int64_t at) {
  if (axis == tensor.rank) {
    append_element(out, tensor, at);
    return at + 1;
  }
  out += '[';
  for (std::int64_t i = 0; i < tensor.shape[axis]; ++i) {
    if (i > 0) out += ',';
    at = append_axis(out, tensor, axis + 1, at);
  }
  out += ']';
  return at;
}

}  // namespace

void append_json(std::string& out, std::string_view text, JsonFor target) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool special = c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
    if (special || (target == JsonFor::html && (c == '<' || c == '>' || c == '&'))) {
      append_escape(out, c);
    } else if (target == JsonFor::html && c == 0xe2 && text.substr(i, 2) == "\xe2\x80" && i + 2 < text.size() &&
               (text[i + 2] == '\xa8' || text[i + 2] == '\xa9')) {
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += text[i];
    }
  }
  out += '"';
}

std::string shortest(double number) { return shortest_of(number); }
std::string shortest(float number) { return shortest_of(number); }
void append_json(std::string& out, double number) { append_real(out, number); }
void append_json(std::string& out, float number) { append_real(out, number); }

void append_json(std::string& out, std::int64_t number) { out += std::to_string(number); }

void append_json(std::string& out, const mortise_tensor& tensor) { append_axis(out, tensor, 0, 0); }

void append_json(std::string& out, const Value& value, JsonFor target) {
  bool first = true;
  switch (value.kind()) {
    case Kind::null: out += "null"; return;
    case Kind::boolean: out += value.as_bool() ? "true" : "false"; return;
    case Kind::int64: append_json(out, value.as_int64()); return;
    case Kind::float64: append_json(out, value.as_float64()); return;
    case Kind::string: append_json(out, value.as_string(), target); return;
    case Kind::bytes: append_json(out, std::string_view(base64(value.as_bytes())), target); return;
    case Kind::time: append_json(out, std::string_view(rfc3339(value.as_time())), target); return;
    case Kind::tensor: append_json(out, value.as_tensor()); return;
    case Kind::list:
      out += '[';
      for (const Value& item : value.items()) {
        if (!std::exchange(first, false)) out += ',';
        append_json(out, item, target);
      }
      out += ']';
      return;
    case Kind::map:
      out += '{';
      for (const Member& member : value.members()) {
        if (!std::exchange(first, false)) out += ',';
        append_json(out, member.key(), target);
        out += ':';
        append_json(out, member.value(), target);
      }
      out += '}';
      return;
    case Kind::table: throw Error(Code::unsupported, "a table inside a plain value cannot be written as JSON text");
  }
}

std::string json_text(const Value& value, JsonFor target) {
  std::string out;
  append_json(out, value, target);
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool filled = k == 0 || i + k - 1 < bytes.size();
      out += filled ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

std::string rfc3339(Time time) {
  std::int64_t seconds = time.nanoseconds / 1'000'000'000;
  std::int64_t rest = time.nanoseconds % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  return format_time(seconds, static_cast<std::int32_t>(rest)) + "Z";
}

}  // namespace mortise::plugins
