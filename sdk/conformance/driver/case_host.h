// What a case's call can ask of its surroundings: the context and the services that the case file names; and what it told.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/call.h"

namespace conformance {

class CaseHost final : public mortise::runtime::CallHost {
 public:
  struct Record {
    mortise::runtime::LogLevel level;
    std::string message;
    mortise::Value fields;
  };

  // `spec` is the case: its keys context and services.
  explicit CaseHost(const mortise::Value& spec) : spec_(spec) {}

  void log(mortise::runtime::LogLevel level, std::string_view message, const mortise::Value& fields) override;
  void progress(double fraction, std::string_view note) override;
  std::optional<mortise::Value> context(std::string_view key) override;
  mortise::Value service(std::string_view service, std::string_view method, const mortise::Value& input,
                         const mortise::runtime::Chain& chain) override;

  [[nodiscard]] std::vector<Record> records() const;
  [[nodiscard]] std::vector<std::pair<double, std::string>> reports() const;
  // Why the input of a service was not the expected one.
  [[nodiscard]] std::optional<std::string> complaint() const;

 private:
  const mortise::Value spec_;
  mutable std::mutex mutex_;  // of all below: calls come on any thread
  std::vector<Record> records_;
  std::vector<std::pair<double, std::string>> reports_;
  std::optional<std::string> complaint_;
};

}  // namespace conformance
