#include "case_host.h"

#include "base/error.h"
#include "difference.h"
#include "literal.h"

namespace conformance {

using mortise::Code;
using mortise::Error;
using mortise::Value;

void CaseHost::log(mortise::runtime::LogLevel level, std::string_view message, const Value& fields) {
  const std::lock_guard lock(mutex_);
  records_.push_back({level, std::string(message), fields});
}

void CaseHost::progress(double fraction, std::string_view note) {
  const std::lock_guard lock(mutex_);
  reports_.emplace_back(fraction, note);
}

std::optional<Value> CaseHost::context(std::string_view key) {
  const Value* context = spec_.find("context");
  const Value* found = context != nullptr ? context->find(key) : nullptr;
  return found != nullptr ? std::optional(literal(*found)) : std::nullopt;
}

Value CaseHost::service(std::string_view service, std::string_view method, const Value& input,
                        const mortise::runtime::Chain&) {
  const Value* services = spec_.find("services");
  const Value* methods = services != nullptr ? services->find(service) : nullptr;
  const Value* told = methods != nullptr ? methods->find(method) : nullptr;
  if (told == nullptr) {
    throw Error(Code::not_found, "no service '" + std::string(service) + "." + std::string(method) + "'",
                "register it");
  }
  if (const Value* error = told->find("error")) {
    const Value* hint = error->find("hint");
    throw Error(mortise::code_named(told->at("code").as_string()).value(),
                std::string(error->at("message").as_string()),
                hint != nullptr ? std::string(hint->as_string()) : std::string());
  }
  if (const Value* wanted = told->find("input")) {
    const std::lock_guard lock(mutex_);
    complaint_ = difference(input, literal(*wanted), "the input of the service");
  }
  return literal(told->at("value"));
}

std::vector<CaseHost::Record> CaseHost::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::vector<std::pair<double, std::string>> CaseHost::reports() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

std::optional<std::string> CaseHost::complaint() const {
  const std::lock_guard lock(mutex_);
  return complaint_;
}

}  // namespace conformance
