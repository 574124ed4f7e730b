// What the routes say of installed packages and of what was done to them. Dialects say it in their own words.
#pragma once

#include "http/message.h"
#include "package/installer.h"

namespace mortise::http {

// {"action", "plugin", "from", "version", "enabled", "permissions", "warnings", "along", "security_scan", "signature",
// "dependency_resolution", "change"}
[[nodiscard]] Value report_value(const package::Report& report);
// {"name", "package", "id", "version", "enabled", "generation", "installed", "changed", "versions": [...]}
[[nodiscard]] Value listed_value(const package::Listed& listed);
// {"version", "digest", "source", "signer", "bytes", "stored", "current", "scan"}
[[nodiscard]] Value version_value(const package::Listed& listed, const store::PackageRow& package);
// {"number", "plugin", "action", "from", "to", "reason", "by", "time", "details"}
[[nodiscard]] Value event_value(const store::PackageEvent& event);

// Who asks, for the record. Throws Error{denied} when that is a token that may not change what is installed.
[[nodiscard]] package::Order order_of(const Request& request);

[[nodiscard]] Value report_schema();
[[nodiscard]] Value listed_schema();

}  // namespace mortise::http
