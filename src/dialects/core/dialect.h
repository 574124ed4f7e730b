// Dialect: one guide's way of writing plugins, spoken by this host.
//
// A dialect recognises its plugins by the shape of their files (it is a Detector), describes them, and turns the guide's words
// into the operations every plugin has: step, execute, poll, aggregate, infer, call. In the worker an adapter does that turning
// (Descriptor::adapter, sdk/dialects/NAME for Python), so that the host runs such a plugin like any other. The dialect also
// owns what the guide promises around its plugins: a config file, routes and their error bodies, words of the command line, and
// what lifetime, concurrency, deadline and failure policy its plugins have. Its project templates are sdk/templates/NAME.
//
// It is given in two parts. A Guide is what the program needs before there is a host: plain data, and how to make the Dialect.
// The Dialect itself lives in a host. Nothing outside src/dialects and the SDK knows a guide by name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/guests.h"
#include "plugin/detector.h"

namespace mortise::http {
class Router;
}

namespace mortise::dialects {

struct Surroundings;

class Dialect : public plugin::Detector {
 public:
  // Plugins in places that only this guide knows: what its config file names, a project around the present folder, installed
  // packages. Asked once, after the configured folders were scanned.
  [[nodiscard]] virtual plugin::Finding elsewhere() { return {}; }
  // The guide's routes; `error_body` of a route gives them the guide's errors.
  virtual void add_routes(http::Router& router) { (void)router; }
  // A server serves now, or is about to stop: for what runs without being asked.
  virtual void begin() {}
  virtual void end() noexcept {}
};

struct Guide {
  std::string name;  // "mimolo", as Descriptor::dialect
  cli::Guests words = {};
  std::function<std::unique_ptr<Dialect>(const Surroundings&)> make;
  // What its plugins in Go may import, each "module=folder"; `shims` is the folder of the SDK for all guides.
  std::function<std::vector<std::string>(const std::string& shims)> go_modules = {};
};

}  // namespace mortise::dialects
