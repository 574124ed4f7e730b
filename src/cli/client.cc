#include "cli/client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "cli/signals.h"
#include "data/value_json.h"
#include "os/fd.h"
#include "os/socket.h"

namespace mortise::cli {
namespace {

namespace wire = boost::beast::http;

Error went_away() {
  return Error(Code::internal, "the server went away before it answered", "look at its log, then try again");
}

// Null when nobody listens there. A socket address holds 107 bytes; through the folder's descriptor any path fits.
os::Fd connect_to(const std::string& path) {
  const std::filesystem::path whole(path);
  const os::Fd folder(::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return {};
  os::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw os::system_error("cannot make a socket", {});
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + whole.filename().string();
  text.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EACCES) throw Error(Code::denied, "the server's socket belongs to another user").with("file", path);
    return {};
  }
  return socket;
}

// Server-sent events, cut out of the text as it arrives.
class EventReader {
 public:
  explicit EventReader(const std::function<void(const Client::Event&)>& event) : event_(event) {}

  void feed(std::string_view text) {
    rest_ += text;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
      line(std::string_view(rest_).substr(0, end));
      rest_.erase(0, end + 1);
    }
  }

 private:
  void line(std::string_view text) {
    if (text.empty()) {
      if (!current_.data.empty() || !current_.name.empty()) event_(current_);
      current_ = {};
      return;
    }
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "id") current_.id = value;
    if (field == "event") current_.name = value;
    if (field == "data") current_.data.append(current_.data.empty() ? "" : "\n").append(value);
  }

  const std::function<void(const Client::Event&)>& event_;
  std::string rest_;
  Client::Event current_;
};

std::string more_headers(const Client::Ask& ask) {
  std::string text;
  for (const auto& [name, value] : ask.headers) text += "\r\n" + name + ": " + value;
  return text;
}

}  // namespace

Error error_from(const Value& body) {
  const auto text = [&](std::string_view key) -> std::string {
    const Value* value = body.find(key);
    return value != nullptr && value->is(Kind::string) ? std::string(value->as_string()) : std::string();
  };
  const std::string message = text(body.has("error") ? "error" : "message");
  Error error(code_named(text("code")).value_or(Code::internal), message.empty() ? "the server failed" : message,
              text("hint"));
  if (const Value* details = body.find("details"); details != nullptr && details->is(Kind::map)) {
    for (const Member& detail : details->members()) {
      if (detail.value().is(Kind::string))
        error.with(std::string(detail.key()), std::string(detail.value().as_string()));
    }
  }
  if (const Value* causes = body.find("cause"); causes != nullptr && causes->is(Kind::list)) {
    std::optional<Error> inner;
    for (std::size_t i = causes->size(); i-- > 0;) {
      Error cause = error_from(causes->items()[i]);
      if (inner) cause.because(std::move(*inner));
      inner.emplace(std::move(cause));
    }
    if (inner) error.because(std::move(*inner));
  } else if (causes != nullptr && causes->is(Kind::map)) {
    error.because(error_from(*causes));
  }
  return error;
}

Value Answer::value() const {
  Value parsed;
  try {
    if (!body.empty()) parsed = data::parse_json(body, {}, "the server's answer");
  } catch (const Error&) {
    if (status < 400) throw;
  }
  if (status < 400) return parsed;
  throw parsed.is(Kind::map) ? error_from(parsed)
                             : Error(Code::internal, "the server answered with status " + std::to_string(status));
}

// One request and its answer on one connection.
class Client::Exchange {
 public:
  Exchange(const Client& client, const Ask& ask, const Listener* listener)
      : client_(client), listener_(listener), socket_(connect_to(client.path_)) {
    if (!socket_) throw went_away();
    parser_.body_limit(boost::none);
    parser_.eager(true);
    const std::string request = std::string(ask.method) + " " + ask.target +
                                " HTTP/1.1\r\nHost: localhost\r\nAccept: " + std::string(ask.accept) +
                                "\r\nConnection: close\r\nContent-Type: application/json" + more_headers(ask) +
                                "\r\nContent-Length: " + std::to_string(ask.body.size()) + "\r\n\r\n" + ask.body;
    if (!os::send_all(socket_.get(), std::as_bytes(std::span(request)), {}, std::chrono::seconds(60)))
      throw went_away();
  }

  // Reads what comes next; hands new bytes of the body to `take` and forgets them. False when the answer is complete.
  template <typename Take>
  bool read(Take take) {
    if (parser_.is_done()) return false;
    wait_for_bytes();
    char bytes[65536];
    const ssize_t size = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (size < 0 && errno == EINTR) return true;
    boost::system::error_code failure;
    if (size <= 0) {
      parser_.put_eof(failure);
      if (failure || !parser_.is_done()) throw went_away();
      return false;
    }
    unparsed_.append(bytes, static_cast<std::size_t>(size));
    const std::size_t used = parser_.put(boost::asio::buffer(unparsed_), failure);
    unparsed_.erase(0, used);
    if (failure && failure != wire::error::need_more)
      throw Error(Code::internal, "the server's answer is not HTTP: " + failure.message());
    if (parser_.is_header_done()) take(parser_.get().body());
    return !parser_.is_done();
  }

  [[nodiscard]] int status() const { return static_cast<int>(parser_.get().result_int()); }

 private:
  // Until the socket can be read, minding signals and the listener's clock.
  void wait_for_bytes() {
    for (;;) {
      pollfd ready[2] = {{socket_.get(), POLLIN, 0},
                         {client_.signals_ != nullptr ? client_.signals_->descriptor() : -1, POLLIN, 0}};
      const bool ticking = listener_ != nullptr && listener_->tick;
      const int count = ::poll(ready, 2, ticking ? 100 : -1);
      if (count > 0 && ready[1].revents != 0) on_signal();
      if (count > 0 && ready[0].revents != 0) return;
      if (ticking) listener_->tick();
    }
  }

  void on_signal() {
    const auto signal = client_.signals_->take();
    if (!signal) return;
    if (listener_ == nullptr || !listener_->signal) throw Error(Code::cancelled, "interrupted");
    listener_->signal(*signal);
  }

  const Client& client_;
  const Listener* listener_;
  os::Fd socket_;
  wire::response_parser<wire::string_body> parser_;
  std::string unparsed_;
};

bool Client::reachable() const { return static_cast<bool>(connect_to(path_)); }

Answer Client::ask(const Ask& ask) const {
  Exchange exchange(*this, ask, nullptr);
  Answer answer;
  const auto take = [&](std::string& body) {
    answer.body += body;
    body.clear();
  };
  while (exchange.read(take)) {
  }
  answer.status = exchange.status();
  return answer;
}

void Client::listen(const Ask& ask, const Listener& listener) const {
  Exchange exchange(*this, ask, &listener);
  EventReader reader(listener.event);
  Answer failure;
  const auto take = [&](std::string& body) {
    exchange.status() >= 400 ? failure.body.append(body), void() : reader.feed(body);
    body.clear();
  };
  while (exchange.read(take)) {
  }
  failure.status = exchange.status();
  if (failure.status >= 400) (void)failure.value();
}

}  // namespace mortise::cli
