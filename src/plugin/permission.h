// Permission: one thing that a plugin may do beyond computing on what it was given.
//
//   read_data               ask the host's services for platform data: uploaded files, results of other runs
//   write_data              change or add to it
//   network                 reach any public address;  network=HOST[:PORT] that one (base/host_pattern.h has the forms)
//   file_system             a folder of its own, the operator's folders (permissions.folders), and what a step's
//                           configuration names; file_system=PATH read that path; file_system=PATH:write write it, too
//   environment=NAME        one variable of the host's environment
//
// A manifest declares permissions, an operator grants and revokes them (grants.h); what holds is worked out in allowed.h.
// Private addresses and those of this machine are never part of plain `network`: each must be named.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mortise::plugin {

enum class Right { read_data, write_data, network, file_system, environment };
[[nodiscard]] std::string_view name_of(Right right) noexcept;

struct Permission {
  Right right = Right::read_data;
  std::string detail;  // a host, a path (with ":write"), a variable; empty: all that the right means

  // Reads "network=api.example.org:443", checks the detail and gives it its one form. Error{invalid} "Unknown permission: x"
  // with the nearest one as hint, or what is wrong with the detail.
  [[nodiscard]] static Permission parse(std::string_view text);
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Permission&, const Permission&) = default;
};

// "file_system=/data:write" without the ending, and whether it was there.
struct PathAccess {
  std::string path;
  bool write = false;
  friend bool operator==(const PathAccess&, const PathAccess&) = default;
};
[[nodiscard]] PathAccess path_of(const Permission& permission);

}  // namespace mortise::plugin
