// The one route table. Dispatch, `Allow`, OPTIONS and GET /openapi.json all read it, so they cannot disagree.
//
// A pattern is made of literal segments and variables: "/api/v1/runs/{id}/logs". Segments are compared after
// percent-decoding, so a variable may hold a "/" that was sent as %2F. Where both fit, a literal wins over a variable, at
// the leftmost segment where two routes differ.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace mortise::http {

// Where a handler runs. `quick` ones run on the I/O thread and must neither block nor take long; `blocking` ones run on one of
// a few worker threads; `waiting` ones may wait for minutes (the end of a run) on one of many that do little else.
enum class Work : std::uint8_t { quick, blocking, waiting };

// What a caller needs (access.h). `open` is for everybody who gets through the door, `use` means `read` for GET and `run` for the
// other methods.
enum class Scope : std::uint8_t { open, use, read, run, operate, admin };
[[nodiscard]] Access needed(Scope scope, Method method) noexcept;

// Takes the body of one request piece by piece, so that it need not fit into memory. All calls come one after the other, on
// worker threads; each may throw Error, which becomes the answer. Destroyed without finish() when the body did not come whole.
class BodySink {
 public:
  BodySink() = default;
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  virtual ~BodySink() = default;
  virtual void write(std::string_view piece) = 0;
  [[nodiscard]] virtual Response finish() = 0;
};
using Receiver = std::function<std::unique_ptr<BodySink>(const Request&)>;

enum class Presence : std::uint8_t { optional, required };

// A query parameter. Variables of the path are described in the same list, by name.
struct Parameter {
  std::string name;
  std::string description;
  Value schema;  // JSON Schema
  Presence presence = Presence::optional;
};

using Handler = std::function<void(const Request&, const Responder&)>;
// A handler that simply returns its response; an Error that it throws becomes the error response.
[[nodiscard]] Handler answering(std::function<Response(const Request&)> function);

struct Route {
  Method method = Method::get;
  std::string pattern{};
  std::string id{};       // operationId, unique
  std::string tag{};      // the group in the documentation
  std::string summary{};  // one line
  std::string description{};
  std::vector<Parameter> parameters{};
  Value request{};   // JSON Schema of the body, null: no body
  Value response{};  // JSON Schema of the answer
  std::string response_type = "application/json";
  int success = 200;
  std::vector<Code> errors{};  // beside `invalid` and `internal`
  Scope scope = Scope::use;
  Work work = Work::blocking;
  Handler handler{};
  std::function<Response(const Error&)> error_body{};  // of errors that the handler throws; empty: the one of all routes
  Receiver receiver{};  // instead of the handler: the body may be server.max_upload long
};

class Router {
 public:
  Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // Throws Error{internal} when the method and pattern, or the id, are there already, or a variable of the pattern is not
  // described: a defect of ours, met at start.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;  // null: no such path, or no such method there
    Pairs variables;
    std::vector<Method> allowed;  // methods that this path has, HEAD and OPTIONS included; empty: no such path
  };
  // HEAD finds the GET route.
  [[nodiscard]] Match match(Method method, std::span<const std::string> segments) const;

  // In the order of addition.
  [[nodiscard]] std::span<const std::unique_ptr<Route>> routes() const noexcept { return routes_; }

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace mortise::http
