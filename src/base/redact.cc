#include "base/redact.h"

#include <algorithm>
#include <mutex>

#include "base/json_text.h"

namespace mortise {
namespace {

void replace_all(std::string& text, std::string_view wanted, std::string_view with) {
  for (std::size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + with.size())) {
    text.replace(at, wanted.size(), with);
  }
}

}  // namespace

void Redactor::add(std::string_view secret) {
  const std::unique_lock lock(mutex_);
  add_one(secret);
  std::string escaped;
  append_json_string(escaped, secret);
  add_one(std::string_view(escaped).substr(1, escaped.size() - 2));
  if (secret.find('\n') != std::string_view::npos) {
    for (std::size_t begin = 0; begin <= secret.size();) {
      const std::size_t end = std::min(secret.find('\n', begin), secret.size());
      add_one(secret.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  count_.store(secrets_.size(), std::memory_order_release);
}

void Redactor::add_one(std::string_view secret) {
  if (secret.size() < shortest) return;
  if (std::find(secrets_.begin(), secrets_.end(), secret) != secrets_.end()) return;
  const auto shorter = [&](const std::string& other) { return other.size() < secret.size(); };
  secrets_.emplace(std::find_if(secrets_.begin(), secrets_.end(), shorter), secret);
}

std::string Redactor::clean(std::string_view text) const {
  std::string cleaned(text);
  if (empty()) return cleaned;
  const std::shared_lock lock(mutex_);
  for (const std::string& secret : secrets_) replace_all(cleaned, secret, mask);
  return cleaned;
}

Value Redactor::clean(const Value& value) const {
  if (empty()) return value;
  switch (value.kind()) {
    case Kind::string: return clean(value.as_string());
    case Kind::list: {
      Value cleaned = Value::list();
      for (const Value& item : value.items()) cleaned.push_back(clean(item));
      return cleaned;
    }
    case Kind::map: {
      Value cleaned = Value::map();
      for (const Member& member : value.members()) cleaned.set(clean(member.key()), clean(member.value()));
      return cleaned;
    }
    default: return value;
  }
}

Error Redactor::clean(const Error& error) const {
  if (empty()) return error;
  Error cleaned(error.code(), clean(std::string_view(error.what())), clean(std::string_view(error.hint())));
  for (const auto& [name, detail] : error.details()) cleaned.with(name, clean(std::string_view(detail)));
  if (error.cause() != nullptr) cleaned.because(clean(*error.cause()));
  return cleaned;
}

}  // namespace mortise
