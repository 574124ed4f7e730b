// Client: speaks HTTP/1.1 to the owner of a data folder, over its Unix socket. One connection per request.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/error.hpp"
#include "mortise/value.hpp"

namespace mortise::cli {

class Signals;

struct Answer {
  int status = 0;
  std::string body;

  // The body as JSON. An error status is thrown as the Error it describes.
  [[nodiscard]] Value value() const;
};

// The Error that an error body describes (or the error in a run's record), with its hint, details and causes.
[[nodiscard]] Error error_from(const Value& body);

class Client {
 public:
  // `signals` may be null; then nothing interrupts.
  Client(std::string socket_path, Signals* signals) : path_(std::move(socket_path)), signals_(signals) {}

  // Whether somebody accepts connections.
  [[nodiscard]] bool reachable() const;

  struct Ask {
    std::string_view method = "GET";
    std::string target;
    std::string body{};
    std::string_view accept = "application/json";
    std::vector<std::pair<std::string, std::string>> headers{};  // more of them
  };
  // Waits as long as it takes: the server bounds its own work. Throws Error{cancelled} on SIGINT or SIGTERM, Error{internal}
  // when the server went away in the middle.
  [[nodiscard]] Answer ask(const Ask& ask) const;
  [[nodiscard]] Value get(std::string target) const { return ask({.target = std::move(target)}).value(); }

  struct Event {
    std::string id, name, data;
  };
  struct Listener {
    std::function<void(const Event&)> event;
    std::function<void(int signal)> signal;  // instead of ending with Error{cancelled}
    std::function<void()> tick;              // about ten times a second; may be empty
  };
  // Listens to server-sent events until the server ends the stream. An error answer is thrown.
  void listen(const Ask& ask, const Listener& listener) const;

 private:
  class Exchange;
  std::string path_;
  Signals* signals_;
};

}  // namespace mortise::cli
