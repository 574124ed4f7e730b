// What a confined plugin ran into, told so that its operator knows the way out.
//
// A refused connection is known for certain: the host refused it (egress/egress.h). A file that is not shown and a network
// that is not there look to the plugin like a file and a network that do not exist, and only its own error tells of them; so
// that is read, and what it names is compared with what the plugin may reach. Only a hint is made of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/access.h"
#include "runtime/call.h"
#include "runtime/egress/egress.h"

namespace mortise::runtime {

// Adds to the error of a call that did not end ok: the detail "denied" and the command that would allow it. To a result whose list
// `errors` tells of such a failure: a warning with that command.
void explain_denials(Outcome& outcome, const std::string& plugin, const Access& access,
                     const std::vector<egress::Denied>& refused);

// "mortise plugin grant x file_system=/data/in.csv" for a text such as "[Errno 2] No such file or directory: '/data/in.csv'".
// Empty when the text tells of nothing that a permission would open.
[[nodiscard]] std::string grant_for(const std::string& plugin, const Access& access, std::string_view text);

}  // namespace mortise::runtime
