#include "http/dispatch.h"

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

Found find_route(const ServerCore& core, Request& request, const Target& target) {
  core.guard.admit(request, target.authority);
  auto [route, variables, allowed] = core.router.match(request.method, target.segments);
  if (route == nullptr) return {nullptr, answer_without_route(request, allowed)};
  authorize(request.principal, route->scope);
  request.variables = std::move(variables);
  return {route, {}};
}

void run_handler(ServerCore& core, std::uint64_t session, const Route& route, std::shared_ptr<const Request> request) {
  const Responder responder([weak = core.weak_from_this(), session](Response response) {
    ServerCore::on_io(weak, session,
                      [response = std::move(response)](Session& asker) mutable { asker.answer(std::move(response)); });
  });
  auto task = [&events = core.events, &route, request = std::move(request), responder] {
    try {
      route.handler(*request, responder);
    } catch (const Error& error) {
      if (error.code() == Code::internal) events.failed(error);
      responder(Response::error(error));
    } catch (const std::exception& failure) {
      const Error error = unexpected(failure);
      events.failed(error);
      responder(Response::error(error));
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
