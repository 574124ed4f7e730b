// How an Error crosses the C boundary: a status, and a map {message, hint, details, cause} in the output, all but message
// optional; `details` maps texts to texts, `cause` is again such a map. Used on both sides of it.
#pragma once

#include "mortise/error.hpp"
#include "mortise/value.hpp"

namespace mortise {

inline constexpr int max_error_causes = 32;  // what lies deeper is dropped

[[nodiscard]] inline mortise_status status_of(Code code) noexcept { return static_cast<mortise_status>(code); }

// Statuses that do not exist are taken as the plugin's own failure.
[[nodiscard]] inline Code code_of(mortise_status status) noexcept {
  return status >= MORTISE_INVALID && status <= MORTISE_INTERNAL ? static_cast<Code>(status) : Code::plugin;
}

[[nodiscard]] inline Value error_value(const Error& error, int causes = max_error_causes) {
  Value value = Value::map({{"message", error.what()}});
  if (!error.hint().empty()) value["hint"] = error.hint();
  for (const auto& [name, text] : error.details()) value["details"][name] = text;
  if (error.cause() != nullptr && causes > 0) {
    value["cause"] = error_value(*error.cause(), causes - 1);
    value["cause"]["code"] = static_cast<std::int64_t>(error.cause()->code());
  }
  return value;
}

// Takes what it finds: any other value than such a map leaves the error with the message `unsaid`. A cause without a code
// has that of its outer error.
[[nodiscard]] inline Error error_from(Code code, const Value& value, std::string_view unsaid,
                                      int causes = max_error_causes) {
  const auto text = [&](std::string_view key) {
    const Value* found = value.find(key);
    return found != nullptr && found->is(Kind::string) ? found->as_string() : std::string_view{};
  };
  const std::string_view message = value.is(Kind::string) ? value.as_string() : text("message");
  Error error(code, std::string(message.empty() ? unsaid : message), std::string(text("hint")));
  if (const Value* details = value.find("details"); details != nullptr && details->is(Kind::map)) {
    for (const Member& detail : details->members()) {
      if (detail.value().is(Kind::string)) error.with(std::string(detail.key()), std::string(detail.value().as_string()));
    }
  }
  if (const Value* cause = value.find("cause"); cause != nullptr && !cause->is_null() && causes > 0) {
    const Value* inner = cause->find("code");
    const Code inner_code = inner != nullptr && inner->is(Kind::int64) && inner->as_int64() > 0 && inner->as_int64() <= 10
                                ? static_cast<Code>(inner->as_int64())
                                : code;
    error.because(error_from(inner_code, *cause, "(no message)", causes - 1));
  }
  return error;
}

// What a caught exception says, with what it carries (std::throw_with_nested) as its cause.
[[nodiscard]] inline Error error_from(const std::exception& exception, int causes = max_error_causes) {
  const auto* ours = dynamic_cast<const Error*>(&exception);
  Error error = ours != nullptr ? *ours : Error(Code::plugin, exception.what());
  const auto* nested = dynamic_cast<const std::nested_exception*>(&exception);
  if (nested != nullptr && nested->nested_ptr() != nullptr && causes > 0) {
    try {
      nested->rethrow_nested();
    } catch (const std::exception& inner) {
      error.because(error_from(inner, causes - 1));
    } catch (...) {
      error.because(Error(Code::plugin, "an exception that is no std::exception"));
    }
  }
  return error;
}

}  // namespace mortise
