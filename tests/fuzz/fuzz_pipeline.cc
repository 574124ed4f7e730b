// Any bytes as a pipeline file: a pipeline that keeps its promises, or Error{invalid, not_found}. The first byte chooses
// between YAML and JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "jobs/pipelines/pipelines.h"

namespace jobs = mortise::jobs;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::optional<std::string> environment(const std::string& name) {
  if (name.size() % 2 == 0) return std::nullopt;
  return "value of " + name;
}

void use(const jobs::Pipeline& pipeline) {
  require(!pipeline.name.empty());
  require(!pipeline.steps.empty() && pipeline.steps.size() <= 1000);
  std::set<std::string> names;
  for (std::size_t i = 0; i < pipeline.steps.size(); ++i) {
    const jobs::Step& step = pipeline.steps[i];
    require(names.insert(step.name).second);
    require(step.config.is(mortise::Kind::map));
    require(step.retry.attempts >= 1);
    for (const std::size_t need : step.needs) require(need < pipeline.steps.size() && need != i);
    require(!jobs::ancestors_of(pipeline, i)[i]);  // no circle
    for (std::uint32_t attempt = 2; attempt <= step.retry.attempts && attempt < 20; ++attempt) {
      require(step.retry.before(attempt) <= step.retry.max_delay);
    }
    if (step.timeout) require(step.timeout->count() > 0);
    if (step.when) {
      jobs::Condition::Scope scope;
      scope.context = [](std::string_view) -> const mortise::Value* { return nullptr; };
      try {
        (void)step.when->holds(scope);
      } catch (const mortise::Error& error) {
        require(error.code() == mortise::Code::invalid);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto syntax = data[0] == 'J' ? jobs::PipelineSyntax::json : jobs::PipelineSyntax::yaml;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    use(jobs::parse_pipeline(text, "fuzz.yaml", syntax, "", environment));
  } catch (const mortise::Error& error) {
    require(error.code() == mortise::Code::invalid || error.code() == mortise::Code::not_found);
    require(error.what()[0] != '\0');
  }
  return 0;
}
