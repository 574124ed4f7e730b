// Request and Response: what a handler sees of HTTP, free of any network library.
//
// A request arrives whole: its body is read (within the limit) before a handler runs. A response is whole too, or it
// streams: then `stream` is called once, on a thread that it may keep, with a Stream to which any thread may send.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/access.h"
#include "mortise/error.hpp"
#include "mortise/value.hpp"

namespace mortise::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options };
[[nodiscard]] std::string_view name_of(Method method) noexcept;

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::get;
  std::string path;  // as sent, without the query
  Pairs variables;   // of the route's pattern, percent-decoded
  Pairs query;       // percent-decoded, in order
  Pairs headers;     // names in lower case
  std::string body;
  Principal principal = Principal::local;
  Access access = Access::run;  // what the principal may do
  std::string asker;            // who it is, for records: "local", "operator", "token ci"
  std::string address;          // the peer's, empty over the Unix socket

  // Whether it may do all that the operator at the server's own socket may do.
  [[nodiscard]] bool by_operator() const noexcept { return access == Access::admin; }

  // The value, or empty.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
  [[nodiscard]] std::string_view variable(
      std::string_view name) const;  // throws Error{internal} when the route has none
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const noexcept;
  // Typed query parameters; throw Error{invalid} that names the parameter, what is expected and what came.
  [[nodiscard]] std::int64_t int_parameter(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                           std::int64_t most) const;
  [[nodiscard]] bool bool_parameter(std::string_view name, bool otherwise) const;

  // The body as JSON, whatever Content-Type says. An empty body is null. Throws Error{invalid} with line and column.
  [[nodiscard]] Value json() const;
};

// The far end of a streaming response. All members may be called from any thread but the I/O thread.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Waits while more than 1 MiB waits to be read. False when the reader is gone, or was cut off because it read nothing.
  virtual bool send(std::string bytes) = 0;
  // Nothing more comes; the response is completed after what was sent.
  virtual void end() = 0;
  // Runs `action` once when the stream is over, for whatever reason; at once if it already is. The action must not block.
  virtual void on_closed(std::function<void()> action) = 0;
};

struct Response {
  int status = 200;
  Pairs headers;  // beside those that the server sets itself
  std::string content_type = "application/json";
  std::string body;

  std::function<void(std::shared_ptr<Stream>)> stream;
  std::string heartbeat;  // sent on a stream that was silent for a while; empty: none

  [[nodiscard]] static Response json(const Value& value, int status = 200);
  [[nodiscard]] static Response text(std::string body, std::string content_type, int status = 200);
  // The one error body of all routes: {"error","code","message","hint","details":{},"cause":[]}, and the status of the
  // error's code unless another is given.
  [[nodiscard]] static Response error(const Error& error, std::optional<int> status = {});
};

// The body of an error, also used where an error is part of a larger answer.
[[nodiscard]] Value error_body(const Error& error);

// Answers one request, exactly once, from any thread. Copies are the same answer. When the last copy goes unanswered, the
// client gets an internal error, so that no defect of a handler leaves a client waiting.
class Responder {
 public:
  explicit Responder(std::function<void(Response)> deliver);
  void operator()(Response response) const;  // later answers are ignored

 private:
  struct Slot;
  std::shared_ptr<Slot> slot_;
};

}  // namespace mortise::http
