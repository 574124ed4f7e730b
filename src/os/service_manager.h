// What a service manager such as systemd wants to know, in its own small protocol: datagrams to the socket that it names in
// NOTIFY_SOCKET. Without that variable nothing happens. (man 3 sd_notify; nothing of libsystemd is needed for it.)
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace mortise::os {

// "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=text"; several on lines of their own. Never fails: nobody may listen.
void notify_service_manager(std::string_view state) noexcept;

// How often the manager wants to hear WATCHDOG=1 before it thinks that this process hangs; nothing when it does not ask.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_period() noexcept;

}  // namespace mortise::os
