// Taking rights from the calling process, for good.
#pragma once

#include "runtime/sandbox/policy.h"

namespace mortise::runtime::sandbox {

// From all five sets; what it starts has none either. Needs none.
[[nodiscard]] bool drop_all_capabilities() noexcept;
// Only the bounding set and the ambient one, which is what must happen before a change of user.
[[nodiscard]] bool bound_capabilities() noexcept;
// Without any group but its own. Needs the right to.
[[nodiscard]] bool become_user(const User& user) noexcept;
// rlimits. Never of addresses: Go and the sanitizers reserve more than they use. Processes are counted per user, so they are
// limited only where the user is the process's own (`own_count`: in a user namespace or by own_user).
[[nodiscard]] bool limit_resources(const Limits& limits, bool own_count) noexcept;

}  // namespace mortise::runtime::sandbox
