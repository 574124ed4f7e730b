#include "app/limits_report.h"

namespace mortise::app {
namespace {

Value check(std::string_view limit, const std::string& keeper, const std::string& why) {
  Value row = Value::map({{"name", limit}, {"status", keeper.starts_with("cgroup") ? "ok" : "note"}});
  row.set("found", keeper == "nobody" ? "not held" : "held by " + keeper);
  if (!keeper.starts_with("cgroup"))
    row.set("hint", "control groups would hold it; in the way: " + (why.empty() ? "the controller is not there" : why));
  return row;
}

}  // namespace

void add_limits(Value& report, const runtime::LimitKeepers& keepers) {
  Value checks = Value::list();
  checks.push_back(check("memory", keepers.memory, keepers.why));
  checks.push_back(check("processes", keepers.processes, keepers.why));
  checks.push_back(check("processor time", keepers.cpu, keepers.why));
  Value groups = report.at("groups");
  groups.push_back(Value::map({{"name", "Limits"}, {"checks", std::move(checks)}}));
  report.set("groups", std::move(groups));
}

}  // namespace mortise::app
