// Surroundings: what a dialect has of the host it lives in. Everything outlives it; members made after the dialects may be used
// only from add_routes() on.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"

namespace mortise::http {
struct Api;
}
namespace mortise::jobs {
class RunLog;
}
namespace mortise::models {
class Models;
}
namespace mortise::store {
class Database;
}
namespace mortise::plugin {
class Registry;
class Services;
}  // namespace mortise::plugin
namespace mortise::runtime {
class Runtime;
struct RuntimePaths;
}  // namespace mortise::runtime

namespace mortise::dialects {

class Inspector;

struct Surroundings {
  const Log& log;
  plugin::Registry& registry;
  plugin::Services& services;
  runtime::Runtime& runtime;
  Inspector& inspector;
  store::Database& database;
  models::Models& models;
  jobs::RunLog& run_log;  // not before add_routes()
  const http::Api& api;  // the rest of the host: pipelines, run log, events, schedules; not before add_routes()
  std::string data_dir;  // absolute
  std::string folder;    // the present one, where relative paths of the guide's files start
  std::string python;    // the interpreter of Python workers
  std::string shims;     // sdk/dialects: one folder for each dialect
};

}  // namespace mortise::dialects
