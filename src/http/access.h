// Who asks, and what they may do.
//
// What may be done is a ladder; each step holds the ones below it:
//
//   read      look at plugins, pipelines, runs, metrics
//   run       start, cancel and repeat work; upload files
//   operate   change how the server works: configuration, log levels, schedules, backups
//   admin     everything, as over the server's own socket: make and revoke tokens, run pipelines from any folder
//
// Who asks is found out once per request: the Unix socket is the operator; a request with a token is whoever the token was
// made for; one over loopback without a token is `local` and may `run` (unless server.auth is `required`); anybody else is
// nobody and sees the open routes alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::http {

enum class Access : std::uint8_t { none, read, run, operate, admin };
[[nodiscard]] std::string_view name_of(Access access) noexcept;
[[nodiscard]] std::optional<Access> access_named(std::string_view name) noexcept;  // not "none"

enum class Principal : std::uint8_t { nobody, local, token, operator_ };
[[nodiscard]] std::string_view name_of(Principal principal) noexcept;

// What a token stands for.
struct Holder {
  std::string id, name;
  Access access = Access::none;
};

}  // namespace mortise::http
