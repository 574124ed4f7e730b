// What becomes of a request once it has been read: its route is found and its handler run. Internal to the server.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "http/server_core.h"
#include "http/uri.h"

namespace mortise::http {

// Either a route, with its variables put into the request, or the answer where none is needed (OPTIONS, 405). Throws
// Error{not_found} for a path that nothing has, and what the guard and the route's scope refuse.
struct Found {
  const Route* route = nullptr;
  std::optional<Response> answer;
};
[[nodiscard]] Found find_route(ServerCore& core, Request& request, const Target& target);

// Finds out who asks, from the door and the token. Throws Error{denied} for a token that is not valid.
void identify(const ServerCore& core, const Peer& peer, Request& request);

// Error answers with what HTTP wants beside them: 401 with WWW-Authenticate where a token is missing or wrong.
[[nodiscard]] Response refusal(const Request& request, const Error& error);

// Runs the handler where its route says, and sees to it that the session gets exactly one answer. Throws Error{busy} when
// no thread is free for it.
void run_handler(ServerCore& core, std::uint64_t session, const Route& route, std::shared_ptr<const Request> request);

// The error that stands for an exception that is none of ours.
[[nodiscard]] Error unexpected(const std::exception& failure);

}  // namespace mortise::http
