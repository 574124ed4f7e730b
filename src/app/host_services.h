// The services that plugins find by name: two of the host, and those that other plugins provide.
//
//   Logger          debug, info, warning, error   {message, fields?}   writes one record into the host's log
//   ConfigService   get {key}, all                 the host's effective settings, such as "plugins.timeout" in seconds
//   <name>          whatever a plugin whose manifest `provides` it answers by its operation `call`
#pragma once

#include <functional>

#include "app/settings.h"
#include "base/log.h"

namespace mortise::plugin {
class Registry;
class Services;
}  // namespace mortise::plugin
namespace mortise::runtime {
class Runtime;
}

namespace mortise::app {

// All of them; the host's own go before those of plugins. `services` must not outlive the others.
// What is returned tells ConfigService of changed settings.
[[nodiscard]] std::function<void(const Settings&)> add_host_services(plugin::Services& services,
                                                                     const Settings& settings, const Log& log,
                                                                     const plugin::Registry& registry,
                                                                     runtime::Runtime& runtime);

}  // namespace mortise::app
