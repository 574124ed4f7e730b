// Between Beast's messages and ours: what came as a Request, what is answered as a header, and what a failed read means.
// Internal to the server.
#pragma once

#include <boost/beast/http.hpp>
#include <optional>
#include <string>

#include "http/server.h"
#include "http/uri.h"

namespace mortise::http {

namespace beast = boost::beast;
namespace wire = boost::beast::http;
using Failure = boost::system::error_code;

// Fills method, path, query and headers. Throws Error{unsupported} for a method that none of ours is, Error{invalid} for a
// target that cannot be read. The headers are filled in any case.
Target take_header(const wire::request_header<>& header, Request& request);

[[nodiscard]] bool expects_continue(const wire::request_header<>& header);

[[nodiscard]] Response too_large(std::uint64_t limit);

// Why reading failed, as an answer; empty when the client is gone and nobody would read one.
[[nodiscard]] std::optional<Response> answer_to(const Failure& failure, const ServerOptions& options);

struct Framing {
  bool keep_alive = false;
  bool http_1_0 = false;
};
void set_header(wire::response_header<>& header, const Response& response, const Framing& framing);

// One chunk of a chunked body.
[[nodiscard]] std::string chunk_of(std::string bytes);

}  // namespace mortise::http
