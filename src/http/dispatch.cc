#include "http/dispatch.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"

namespace mortise::http {
namespace {

std::string allow_header(const std::vector<Method>& methods) {
  std::string text;
  for (const Method method : methods) text.append(text.empty() ? "" : ", ").append(name_of(method));
  return text;
}

Response without_content(const std::vector<Method>& allowed) {
  Response response = Response::text({}, {}, 204);
  response.headers.emplace_back("Allow", allow_header(allowed));
  return response;
}

Response not_allowed(const Request& request, const std::vector<Method>& allowed) {
  Response response =
      Response::error(Error(Code::invalid, request.path + " does not answer " + std::string(name_of(request.method)),
                            "it answers " + allow_header(allowed)),
                      405);
  response.headers.emplace_back("Allow", allow_header(allowed));
  return response;
}

Response answer_without_route(const Request& request, const std::vector<Method>& allowed) {
  const bool options = request.method == Method::options;
  if (options && request.path.empty()) {  // OPTIONS *
    return without_content({Method::get, Method::head, Method::post, Method::put, Method::del, Method::options});
  }
  if (allowed.empty()) {
    const std::string path = request.path.substr(0, 200);
    throw Error(Code::not_found, "there is nothing at " + path, "GET /openapi.json lists what is here")
        .with("key", path);
  }
  return options ? without_content(allowed) : not_allowed(request, allowed);
}

Error no_thread(const ServerCore& core, Work work) {
  if (work == Work::waiting) {
    return Error(Code::busy,
                 "too many clients wait for runs already (" + std::to_string(core.options.max_waiting) + ")",
                 "start runs with wait=false, then look at them");
  }
  return Error(Code::busy, "too many requests wait for their turn (" + std::to_string(core.options.max_queued) + ")");
}

}  // namespace

namespace {

// Buckets of tokens and of addresses never mix.
std::string client_of(const Request& request) {
  return request.principal == Principal::token ? request.asker : "address " + request.address;
}

std::optional<Response> too_often(ServerCore& core, const Request& request) {
  if (request.principal == Principal::operator_) return std::nullopt;
  const auto wait = core.rate.take(client_of(request), std::chrono::steady_clock::now());
  if (!wait) return std::nullopt;
  const auto seconds = (wait->count() + 999) / 1000;
  Response response = Response::error(Error(Code::busy, "too many requests from " + client_of(request),
                                            "wait " + std::to_string(seconds) + " s; server.rate_limit is the limit")
                                          .with("retry_after", std::to_string(seconds)),
                                      429);
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

std::optional<std::string_view> bearer(std::string_view header) {
  constexpr std::string_view scheme = "bearer ";
  if (header.size() <= scheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = header[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != scheme[i]) return std::nullopt;
  }
  header.remove_prefix(scheme.size());
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

}  // namespace

void identify(const ServerCore& core, const Peer& peer, Request& request) {
  request.address = peer.address;
  if (peer.door == Peer::Door::unix_socket) {
    request.principal = Principal::operator_;
    request.access = Access::admin;
    request.asker = "operator";
    return;
  }
  const bool local = peer.door == Peer::Door::loopback && core.options.loopback == ServerOptions::Loopback::may_run;
  request.principal = local ? Principal::local : Principal::nobody;
  request.access = local ? Access::run : Access::none;
  request.asker = local ? "local" : "nobody";
  const std::string_view header = request.header("authorization");
  if (header.empty()) return;
  const auto token = bearer(header);
  const auto holder = token ? core.options.holder(*token) : std::nullopt;
  if (!holder) {
    request.principal = Principal::nobody;
    request.access = Access::none;
    request.asker = "nobody";
    throw Error(Code::denied,
                token ? "the token is not valid: it is wrong, was revoked, or has expired"
                      : "the Authorization header holds no bearer token",
                "send `Authorization: Bearer TOKEN`; `mortise token list` shows which there are")
        .with("key", "Authorization");
  }
  request.principal = Principal::token;
  request.access = holder->access;
  request.asker = "token " + holder->name;
}

Response refusal(const Request& request, const Error& error) {
  if (error.code() != Code::denied || request.principal != Principal::nobody) {
    Response response = Response::error(error);
    const std::string_view scope = error.detail("scope");
    if (request.principal == Principal::token && !scope.empty()) {
      response.headers.emplace_back(
          "WWW-Authenticate",
          "Bearer realm=\"mortise\", error=\"insufficient_scope\", scope=\"" + std::string(scope) + "\"");
    }
    return response;
  }
  Response response = Response::error(error, 401);
  const bool wrong = !request.header("authorization").empty();
  response.headers.emplace_back("WWW-Authenticate",
                                std::string("Bearer realm=\"mortise\"") + (wrong ? ", error=\"invalid_token\"" : ""));
  return response;
}

Found find_route(ServerCore& core, Request& request, const Target& target) {
  core.guard->admit(request, target.authority);
  if (auto refused = too_often(core, request)) return {nullptr, std::move(refused)};
  auto [route, variables, allowed] = core.router.match(request.method, target.segments);
  if (route == nullptr) return {nullptr, answer_without_route(request, allowed)};
  authorize(request, needed(route->scope, route->method));
  request.variables = std::move(variables);
  return {route, {}};
}

void run_handler(ServerCore& core, std::uint64_t session, const Route& route, std::shared_ptr<const Request> request) {
  const Responder responder([weak = core.weak_from_this(), session](Response response) {
    ServerCore::on_io(weak, session,
                      [response = std::move(response)](Session& asker) mutable { asker.answer(std::move(response)); });
  });
  auto task = [&events = core.events, &route, request = std::move(request), responder] {
    const auto fail = [&](const Error& error) {
      if (error.code() == Code::internal) events.failed(error);
      responder(route.error_body ? route.error_body(error) : Response::error(error));
    };
    try {
      route.handler(*request, responder);
    } catch (const Error& error) {
      fail(error);
    } catch (const std::exception& failure) {
      fail(unexpected(failure));
    }
  };
  if (route.work == Work::quick) return task();
  WorkerThreads& threads = route.work == Work::waiting ? core.waiters : core.workers;
  if (!threads.post(std::move(task))) throw no_thread(core, route.work);
}

Error unexpected(const std::exception& failure) {
  return Error(Code::internal, std::string("unexpected failure: ") + failure.what());
}

}  // namespace mortise::http
