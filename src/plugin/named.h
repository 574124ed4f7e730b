// Named: the files and hosts that the operator's own configuration of a step names. Naming is granting: whoever wrote the
// step wants its plugin to reach them, so nobody has to grant a path or a host a second time.
//
//   by_schema    values of parameters declared as `path`: read, or written where the parameter says so ("access": "write")
//                or where its plugin is an Output. Always granted
//   mentioned    other texts that are absolute paths: granted to plugins with the permission `file_system`, and to those that
//                have no manifest to ask with, whose "./", "../" and "~/" count, too, and whatever stands under a key such as
//                file_path or output_dir; an Output of theirs writes the latter, as by_schema
//   hosts        of http and https addresses: granted to plugins with the permission `network`, and to those without a manifest
//
// Pure: nothing is looked up here.
#pragma once

#include <string>
#include <vector>

#include "mortise/value.hpp"
#include "plugin/descriptor.h"
#include "plugin/permission.h"

namespace mortise::plugin {

struct Named {
  std::vector<PathAccess> by_schema;
  std::vector<std::string> mentioned;
  std::vector<std::string> hosts;  // "api.example.org:443", each a HostPattern
};

// `config` as the plugin gets it: defaults in it, `path` parameters absolute.
[[nodiscard]] Named named_in(const Descriptor& descriptor, const Value& config);
[[nodiscard]] inline bool empty(const Named& named) noexcept {
  return named.by_schema.empty() && named.mentioned.empty() && named.hosts.empty();
}

// Whether its author could ask for permissions: not so in those guides that know no manifest.
[[nodiscard]] bool has_manifest(const Descriptor& descriptor) noexcept;

}  // namespace mortise::plugin
