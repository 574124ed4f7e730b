#include "http/beast_message.h"

#include <algorithm>

#include "base/error.h"

namespace mortise::http {
namespace {

std::optional<Method> method_of(wire::verb verb) noexcept {
  switch (verb) {
    case wire::verb::get: return Method::get;
    case wire::verb::head: return Method::head;
    case wire::verb::post: return Method::post;
    case wire::verb::put: return Method::put;
    case wire::verb::patch: return Method::patch;
    case wire::verb::delete_: return Method::del;
    case wire::verb::options: return Method::options;
    default: return std::nullopt;
  }
}

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string lower_case(beast::string_view text) {
  std::string lowered = text_of(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lowered;
}

}  // namespace

Target take_header(const wire::request_header<>& header, Request& request) {
  for (const auto& field : header)
    request.headers.emplace_back(lower_case(field.name_string()), text_of(field.value()));
  const auto method = method_of(header.method());
  if (!method) throw Error(Code::unsupported, "method '" + text_of(header.method_string()) + "' is not supported");
  request.method = *method;
  Target target = parse_target({header.target().data(), header.target().size()});
  request.path = target.path;
  request.query = target.query;
  return target;
}

bool expects_continue(const wire::request_header<>& header) {
  return header.version() >= 11 && beast::iequals(header[wire::field::expect], "100-continue");
}

Response too_large(std::uint64_t limit) {
  return Response::error(Error(Code::invalid, "the body is larger than " + std::to_string(limit) + " bytes",
                               "raise server.max_body (for uploads server.max_upload) or send less")
                             .with("expected", "at most " + std::to_string(limit) + " bytes"),
                         413);
}

std::optional<Response> answer_to(const Failure& failure, const ServerOptions& options) {
  if (failure == wire::error::header_limit || failure == wire::error::buffer_overflow) {
    return Response::error(
        Error(Code::invalid, "the header is larger than " + std::to_string(options.max_header) + " bytes",
              "send fewer or shorter header fields"),
        431);
  }
  if (failure == wire::error::body_limit) return too_large(std::max(options.max_body, options.max_upload));
  const bool protocol = failure.category() == wire::make_error_code(wire::error::bad_method).category();
  if (!protocol || failure == wire::error::end_of_stream || failure == wire::error::partial_message)
    return std::nullopt;
  return Response::error(Error(Code::invalid, "not a valid HTTP/1.1 request: " + failure.message()));
}

void set_header(wire::response_header<>& header, const Response& response, const Framing& framing) {
  header.result(static_cast<unsigned>(response.status));
  header.version(framing.http_1_0 ? 10 : 11);
  header.set(wire::field::server, "mortise");
  header.set("X-Content-Type-Options", "nosniff");
  header.set(wire::field::cache_control, "no-store");
  if (!response.content_type.empty()) header.set(wire::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) header.set(name, value);
}

std::string chunk_of(std::string bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string size;
  for (std::size_t rest = bytes.size(); rest > 0; rest /= 16) size.insert(size.begin(), digits[rest % 16]);
  return bytes.insert(0, size + "\r\n").append("\r\n");
}

}  // namespace mortise::http
