// Projects of a guide: folders that are opened when somebody asks for them by their path, over HTTP or from the command line. It
// loads code from a folder that the caller names, so it is for the operator alone.
#pragma once

#include <functional>
#include <string>

#include "cli/client.h"
#include "dialects/core/surroundings.h"
#include "http/message.h"
#include "mortise/value.hpp"
#include "plugin/detector.h"

namespace mortise::http {
class Router;
}

namespace mortise::dialects {

struct ProjectRoute {
  std::string dialect, what;  // POST /api/v1/DIALECT/WHAT
  std::string id, summary;
  Value request, answer;  // schemas
  std::function<Value(const Value& body)> run;
};
void add_project_route(http::Router& router, ProjectRoute route);

// `folder` of a request. Throws Error{invalid} when it is no absolute path.
[[nodiscard]] std::string folder_in(const Value& body);

// Makes the host know a plugin of a project in its present form. Throws Error{conflict} when another has the name: "NOUN 'x' is already
// registered".
void enter(const plugin::Descriptor& plugin, const std::string& noun, const Surroundings& host);

// ---- on the command line: the route asked, and what it told

[[nodiscard]] Value ask(const cli::Client& client, const std::string& dialect, const std::string& what, const Value& body);
// What is wrong but keeps nothing from working: `problems` and `warnings` of an answer. Whether there was a problem.
bool complain_about(const Value& answer);

}  // namespace mortise::dialects
