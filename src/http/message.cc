#include "http/message.h"

#include <atomic>
#include <charconv>

#include "base/error.h"
#include "data/value_json.h"

namespace mortise::http {
namespace {

std::optional<std::string_view> find(const Pairs& pairs, std::string_view name) noexcept {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Error bad_parameter(std::string_view name, const std::string& expected, std::string_view got) {
  return Error(Code::invalid,
               "parameter '" + std::string(name) + "' must be " + expected + ", got '" + std::string(got) + "'")
      .with("key", std::string(name))
      .with("expected", expected)
      .with("got", std::string(got));
}

}  // namespace

std::string_view name_of(Method method) noexcept {
  constexpr std::string_view names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  return names[static_cast<std::size_t>(method)];
}

std::string_view Request::header(std::string_view lower_case_name) const noexcept {
  return find(headers, lower_case_name).value_or(std::string_view{});
}

std::string_view Request::variable(std::string_view name) const {
  if (const auto value = find(variables, name)) return *value;
  throw Error(Code::internal, "the route has no variable '" + std::string(name) + "'");
}

std::optional<std::string_view> Request::parameter(std::string_view name) const noexcept { return find(query, name); }

std::int64_t Request::int_parameter(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                    std::int64_t most) const {
  const auto text = parameter(name);
  if (!text) return otherwise;
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failure != std::errc{} || end != text->data() + text->size() || number < least || number > most) {
    throw bad_parameter(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), *text);
  }
  return number;
}

bool Request::bool_parameter(std::string_view name, bool otherwise) const {
  const auto text = parameter(name);
  if (!text) return otherwise;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  throw bad_parameter(name, "true or false", *text);
}

Value Request::json() const { return body.empty() ? Value() : data::parse_json(body, {}, "request body"); }

Response Response::json(const Value& value, int status) {
  Response response;
  response.status = status;
  response.body = data::to_json(value);
  return response;
}

Response Response::text(std::string body, std::string content_type, int status) {
  Response response;
  response.status = status;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

Value error_body(const Error& error) {
  const CodeMeaning& row = meaning(error.code());
  Value details = Value::map();
  for (const auto& [name, value] : error.details()) details.set(name, value);
  Value causes = Value::list();
  for (const Error* cause = error.cause(); cause != nullptr; cause = cause->cause()) {
    causes.push_back(Value::map({{"message", cause->what()}, {"code", name_of(cause->code())}}));
  }
  return Value::map({{"error", error.what()},
                     {"code", row.name},
                     {"message", error.describe()},
                     {"hint", error.hint().empty() ? row.advice : std::string_view(error.hint())},
                     {"details", details},
                     {"cause", causes}});
}

Response Response::error(const Error& error, std::optional<int> status) {
  return json(error_body(error), status.value_or(meaning(error.code()).http_status));
}

struct Responder::Slot {
  explicit Slot(std::function<void(Response)> function) : deliver(std::move(function)) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() {
    if (!used.exchange(true))
      deliver(Response::error(Error(Code::internal, "the request was dropped without an answer")));
  }
  std::function<void(Response)> deliver;
  std::atomic<bool> used = false;
};

Responder::Responder(std::function<void(Response)> deliver) : slot_(std::make_shared<Slot>(std::move(deliver))) {}

void Responder::operator()(Response response) const {
  if (!slot_->used.exchange(true)) slot_->deliver(std::move(response));
}

}  // namespace mortise::http
