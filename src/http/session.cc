// One connection, from its first byte to its last. The only file of this room that includes Beast.
//
// It reads a request whole, has it handled, writes the answer, and only then looks at what follows: pipelined requests
// wait in the socket, so a client cannot make work pile up here. Every wait has a deadline; when one passes, the stream
// is closed under its operation and the connection ends. It is one long class because it is one state machine, and a
// template because it does not care whether what it reads was encrypted.
#include <algorithm>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <optional>

#include "base/error.h"
#include "http/dispatch.h"
#include "http/outbox.h"
#include "http/server_core.h"
#include "http/uri.h"

namespace mortise::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using Failure = boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t slowest_bytes_per_second = 64 * 1024;
constexpr std::size_t read_size = 64 * 1024;
constexpr auto linger_time = std::chrono::seconds(1);
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;

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

Response too_large(std::uint64_t limit) {
  return Response::error(Error(Code::invalid, "the body is larger than " + std::to_string(limit) + " bytes",
                               "raise server.max_body (for uploads server.max_upload) or send less")
                             .with("expected", "at most " + std::to_string(limit) + " bytes"),
                         413);
}

// Why reading failed, as an answer; empty when the client is gone and nobody would read one.
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

using Plain = beast::basic_stream<asio::generic::stream_protocol>;
using Encrypted = asio::ssl::stream<Plain>;

template <typename Stream>
class Connection final : public Session, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <typename... TlsContext>
  Connection(ServerCore& core, std::uint64_t id, asio::generic::stream_protocol::socket socket, Peer peer,
             Admission admission, TlsContext&... tls)
      : core_(core),
        id_(id),
        peer_(std::move(peer)),
        admission_(admission),
        stream_(Plain(std::move(socket)), tls...),
        buffer_(std::max(core.options.max_header + 4096, read_size)),
        heartbeat_(core.io) {}

  void begin() override {
    if constexpr (std::is_same_v<Stream, Encrypted>) {
      lowest().expires_after(core_.options.header_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](Failure failure) {
        if (self->phase_ == Phase::closed) return;
        failure ? self->cut() : self->await_request();
      });
    } else {
      await_request();
    }
  }

  void answer(Response response) override {
    if (phase_ != Phase::handling) return;
    const bool head = request_->method == Method::head;
    report(response);
    if (response.stream) {
      head ? write_plain(std::move(response), Body::omitted) : write_stream_header(std::move(response));
    } else {
      write_plain(std::move(response), head ? Body::omitted : Body::sent);
    }
  }

  void flush() override {
    if (phase_ != Phase::streaming || stream_write_pending_) return;
    auto [bytes, ended] = outbox_->take();
    if (!bytes.empty()) {
      write_chunk(std::move(bytes), ended ? Then::finish : Then::go_on);
    } else if (ended) {
      finish_stream();
    }
  }

  void drain() override {
    keep_alive_ = false;
    if (phase_ == Phase::idle || phase_ == Phase::lingering) cut();
    if (phase_ == Phase::streaming) outbox_->end();
  }

  void cut() override {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    heartbeat_.cancel();
    lowest().close();
    if (outbox_ != nullptr) outbox_->close();
    core_.forget(id_);
  }

 private:
  enum class Phase : std::uint8_t { idle, reading, handling, writing, streaming, lingering, closed };
  enum class Body : std::uint8_t { sent, omitted };
  enum class Then : std::uint8_t { go_on, finish };

  [[nodiscard]] auto& lowest() noexcept { return beast::get_lowest_layer(stream_); }

  // ---- reading --------------------------------------------------------------------------------------------------

  void await_request() {
    if (core_.draining) return cut();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(core_.options.max_header));
    parser_->body_limit(std::max(core_.options.max_body, core_.options.max_upload));
    request_ = std::make_shared<Request>();
    route_ = nullptr;
    refusal_.reset();
    upload_.reset();
    if (buffer_.size() > 0) return read_header();  // pipelined
    phase_ = Phase::idle;
    lowest().expires_after(core_.options.idle_timeout);
    stream_.async_read_some(buffer_.prepare(4096),
                            [self = this->shared_from_this()](Failure failure, std::size_t size) {
                              if (self->phase_ == Phase::closed) return;
                              if (failure) return self->cut();
                              self->buffer_.commit(size);
                              self->read_header();
                            });
  }

  void read_header() {
    phase_ = Phase::reading;
    began_ = Clock::now();
    lowest().expires_after(core_.options.header_timeout);
    wire::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](Failure failure, std::size_t) {
                              if (self->phase_ == Phase::closed) return;
                              if (failure) return self->refuse(failure);
                              self->keep_alive_ = self->parser_->keep_alive() && !self->core_.draining;
                              self->decide();
                            });
  }

  // What can be said of a request without its body is said before it comes: a client that may not send a gigabyte need not.
  void decide() {
    try {
      const Target target = take_header();
      if (admission_ == Admission::refusing) throw turned_away();
      identify(core_, peer_, *request_);
      Found found = find_route(core_, *request_, target);
      route_ = found.route;
      if (found.answer) refusal_ = std::move(*found.answer);
      const std::uint64_t limit = body_limit();
      if (parser_->content_length().value_or(0) > limit) refusal_ = too_large(limit);
    } catch (const Error& error) {
      refusal_ = refusal(*request_, error);
    }
    const bool short_body = !parser_->chunked() && parser_->content_length().value_or(0) <= read_size;
    if (refusal_ && !parser_->is_done() && (!short_body || expects_continue())) {
      keep_alive_ = false;
      phase_ = Phase::handling;
      return answer(std::move(*refusal_));
    }
    expects_continue() ? write_continue() : read_body();
  }

  [[nodiscard]] std::uint64_t body_limit() const {
    return route_ != nullptr && route_->receiver ? core_.options.max_upload : core_.options.max_body;
  }

  [[nodiscard]] bool expects_continue() const {
    const auto& message = parser_->get();
    return !parser_->is_done() && message.version() >= 11 &&
           beast::iequals(message[wire::field::expect], "100-continue");
  }

  void write_continue() {
    auto go_on = std::make_shared<wire::response<wire::empty_body>>(wire::status::continue_, 11);
    wire::async_write(stream_, *go_on, [self = this->shared_from_this(), go_on](Failure failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      if (failure) return self->cut();
      self->read_body();
    });
  }

  void read_body() {
    if (!refusal_ && route_ != nullptr && route_->receiver) return begin_upload();
    if (parser_->is_done()) return handle();
    if (parser_->get().body().size() > body_limit()) {
      keep_alive_ = false;
      phase_ = Phase::handling;
      return answer(too_large(body_limit()));
    }
    lowest().expires_at(deadline_for(began_, parser_->get().body().size()));
    wire::async_read_some(stream_, buffer_, *parser_, [self = this->shared_from_this()](Failure failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      if (failure) return self->refuse(failure);
      self->read_body();
    });
  }

  // A transfer may stall for a moment, but over its whole length it must move.
  [[nodiscard]] Clock::time_point deadline_for(Clock::time_point begin, std::uint64_t bytes) const {
    return begin + core_.options.stall_timeout + std::chrono::seconds(bytes / slowest_bytes_per_second);
  }

  void refuse(const Failure& failure) {
    auto response = answer_to(failure, core_.options);
    if (!response) return cut();
    keep_alive_ = false;
    phase_ = Phase::handling;
    request_ = std::make_shared<Request>();
    request_->asker = "nobody";
    route_ = nullptr;
    answer(std::move(*response));
  }

  // ---- handling -------------------------------------------------------------------------------------------------

  void handle() {
    phase_ = Phase::handling;
    if (refusal_) return answer(std::move(*refusal_));
    request_->body = std::move(parser_->get().body());
    guarded([&] { run_handler(core_, id_, *route_, request_); });
  }

  template <typename Action>
  void guarded(Action action) {
    try {
      action();
    } catch (const Error& error) {
      answer(Response::error(error));
    } catch (const std::exception& failure) {
      const Error error = unexpected(failure);
      core_.events.failed(error);
      answer(Response::error(error));
    }
  }

  Error turned_away() {
    keep_alive_ = false;
    return Error(Code::busy, "the server has " + std::to_string(core_.options.max_connections) + " connections already",
                 "close some, or raise server.max_connections");
  }

  Target take_header() {
    const auto& message = parser_->get();
    for (const auto& field : message)
      request_->headers.emplace_back(lower_case(field.name_string()), text_of(field.value()));
    const auto method = method_of(message.method());
    http_1_0_ = message.version() < 11;
    if (!method) {
      keep_alive_ = false;  // after CONNECT, for one, what follows is no request
      throw Error(Code::unsupported, "method '" + text_of(message.method_string()) + "' is not supported");
    }
    request_->method = *method;
    Target target = parse_target({message.target().data(), message.target().size()});
    request_->path = target.path;
    request_->query = target.query;
    return target;
  }

  void report(const Response& response) {
    core_.events.answered(
        {*request_, route_, response.status, response.stream ? 0 : response.body.size(), Clock::now() - began_});
  }

  // ---- bodies that go piece by piece -------------------------------------------------------------------------------

  // The sink lives on worker threads, one call at a time; the next piece is read when the last one is written.
  struct Upload {
    std::optional<wire::request_parser<wire::buffer_body>> parser;
    std::vector<char> piece = std::vector<char>(4 * read_size);
    std::unique_ptr<BodySink> sink;
    std::uint64_t received = 0;
  };

  void begin_upload() {
    upload_ = std::make_shared<Upload>();
    upload_->parser.emplace(std::move(*parser_));
    upload_->parser->body_limit(core_.options.max_upload);
    lowest().expires_never();
    elsewhere([upload = upload_, route = route_, request = request_] { upload->sink = route->receiver(*request); },
              &Connection::read_piece);
  }

  void read_piece() {
    auto& parser = *upload_->parser;
    if (parser.is_done()) return finish_upload();
    auto& body = parser.get().body();
    body.data = upload_->piece.data();
    body.size = upload_->piece.size();
    body.more = true;
    lowest().expires_at(deadline_for(began_, upload_->received) + (Clock::now() - began_) / 2);
    wire::async_read_some(stream_, buffer_, parser, [self = this->shared_from_this()](Failure failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      if (failure && failure != wire::error::need_buffer) return self->refuse(failure);
      self->write_piece();
    });
  }

  void write_piece() {
    const std::size_t size = upload_->piece.size() - upload_->parser->get().body().size;
    if (size == 0) return read_piece();
    upload_->received += size;
    lowest().expires_never();
    elsewhere([upload = upload_, size] { upload->sink->write({upload->piece.data(), size}); }, &Connection::read_piece);
  }

  void finish_upload() {
    phase_ = Phase::handling;
    auto made = std::make_shared<Response>();
    made_ = made;
    elsewhere(
        [upload = upload_, made] {
          *made = upload->sink->finish();
          upload->sink.reset();  // before the answer: what it held is free when the client knows
        },
        &Connection::answer_upload);
  }

  void answer_upload() { answer(std::move(*made_)); }

  // Runs `work` on a worker thread, then `then` here. An error of it is the answer; the rest of the body is not read.
  template <typename Work>
  void elsewhere(Work work, void (Connection::*then)()) {
    auto task = [weak = core_.weak_from_this(), id = id_, &events = core_.events, work = std::move(work),
                 then]() mutable {
      std::optional<Error> failed;
      try {
        work();
      } catch (const Error& error) {
        failed = error;
      } catch (const std::exception& failure) {
        failed = unexpected(failure);
      }
      if (failed && failed->code() == Code::internal) events.failed(*failed);
      ServerCore::on_io(weak, id, [failed, then](Session& session) {
        auto& self = static_cast<Connection&>(session);
        failed ? self.give_up(*failed) : (self.*then)();
      });
    };
    if (!core_.workers.post(std::move(task))) give_up(Error(Code::busy, "too many requests wait for their turn"));
  }

  void give_up(const Error& error) {
    if (phase_ == Phase::closed) return;
    if (!upload_->parser->is_done()) keep_alive_ = false;
    upload_->sink.reset();
    phase_ = Phase::handling;
    answer(refusal(*request_, error));
  }

  // ---- writing --------------------------------------------------------------------------------------------------

  template <typename Message>
  void set_header(Message& message, const Response& response) const {
    message.result(static_cast<unsigned>(response.status));
    message.version(http_1_0_ ? 10 : 11);
    message.keep_alive(keep_alive_);
    message.set(wire::field::server, "mortise");
    message.set("X-Content-Type-Options", "nosniff");
    message.set(wire::field::cache_control, "no-store");
    if (!response.content_type.empty()) message.set(wire::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message.set(name, value);
  }

  void write_plain(Response response, Body body) {
    phase_ = Phase::writing;
    auto message = std::make_shared<wire::response<wire::string_body>>();
    set_header(*message, response);
    if (response.status != 204 && !response.stream) message->content_length(response.body.size());
    if (body == Body::sent) message->body() = std::move(response.body);
    lowest().expires_at(deadline_for(Clock::now(), message->body().size()));
    wire::async_write(stream_, *message, [self = this->shared_from_this(), message](Failure failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      if (failure) return self->cut();
      self->keep_alive_ ? self->await_request() : self->linger();
    });
  }

  // ---- streaming ------------------------------------------------------------------------------------------------

  void write_stream_header(Response response) {
    phase_ = Phase::writing;
    keep_alive_ = false;  // what the client sends while it listens is not a request
    auto message = std::make_shared<wire::response<wire::empty_body>>();
    set_header(*message, response);
    message->chunked(!http_1_0_);
    auto serializer = std::make_shared<wire::response_serializer<wire::empty_body>>(*message);
    lowest().expires_after(core_.options.stall_timeout);
    wire::async_write_header(stream_, *serializer,
                             [self = this->shared_from_this(), message, serializer, response = std::move(response)](
                                 Failure failure, std::size_t) mutable {
                               if (self->phase_ == Phase::closed) return;
                               if (failure && failure != wire::error::need_buffer) return self->cut();
                               self->begin_stream(std::move(response));
                             });
  }

  void begin_stream(Response response) {
    phase_ = Phase::streaming;
    heartbeat_text_ = std::move(response.heartbeat);
    const std::weak_ptr<ServerCore> core = core_.weak_from_this();
    outbox_ = std::make_shared<Outbox>(
        [core, id = id_] { ServerCore::on_io(core, id, [](Session& session) { session.flush(); }); });
    auto task = [producer = std::move(response.stream), outbox = outbox_] {
      try {
        producer(outbox);
      } catch (const std::exception&) {
        outbox->end();
      }
    };
    if (!core_.waiters.post(std::move(task)) || core_.draining) outbox_->end();
    watch_reader();
    arm_heartbeat();
  }

  // Notices that the client went away; what it sends is thrown away.
  void watch_reader() {
    lowest().expires_never();
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096), [self = this->shared_from_this()](Failure failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      if (failure) return self->cut();
      self->watch_reader();
    });
  }

  void arm_heartbeat() {
    if (heartbeat_text_.empty()) return;
    heartbeat_.expires_after(core_.options.heartbeat);
    heartbeat_.async_wait([self = this->shared_from_this()](Failure failure) {
      if (failure || self->phase_ != Phase::streaming) return;
      if (!self->stream_write_pending_) self->write_chunk(self->heartbeat_text_, Then::go_on);
      self->arm_heartbeat();
    });
  }

  void write_chunk(std::string bytes, Then then) {
    if (!http_1_0_) {
      constexpr std::string_view digits = "0123456789abcdef";
      std::string size;
      for (std::size_t rest = bytes.size(); rest > 0; rest /= 16) size.insert(size.begin(), digits[rest % 16]);
      bytes.insert(0, size + "\r\n").append("\r\n");
    }
    stream_write_pending_ = true;
    auto text = std::make_shared<std::string>(std::move(bytes));
    lowest().expires_at(deadline_for(Clock::now(), text->size()));
    asio::async_write(stream_, asio::buffer(*text),
                      [self = this->shared_from_this(), text, then](Failure failure, std::size_t) {
                        self->stream_write_pending_ = false;
                        if (self->phase_ == Phase::closed) return;
                        if (failure) return self->cut();
                        then == Then::finish ? self->finish_stream() : self->flush();
                      });
  }

  void finish_stream() {
    if (http_1_0_) return cut();
    phase_ = Phase::writing;
    lowest().expires_after(core_.options.stall_timeout);
    asio::async_write(stream_, asio::buffer("0\r\n\r\n", 5),
                      [self = this->shared_from_this()](Failure, std::size_t) { self->cut(); });
  }

  // ---- ending ---------------------------------------------------------------------------------------------------

  // Lets the client read the answer: closing with unread bytes in the socket would reset the connection under it.
  void linger() {
    if (core_.draining) return cut();
    phase_ = Phase::lingering;
    if constexpr (std::is_same_v<Stream, Encrypted>) {
      lowest().expires_after(linger_time);
      return stream_.async_shutdown([self = this->shared_from_this()](Failure) { self->cut(); });
    }
    Failure ignored;
    lowest().socket().shutdown(asio::socket_base::shutdown_send, ignored);
    lowest().expires_after(linger_time);
    discard(0);
  }

  void discard(std::size_t so_far) {
    if (so_far > linger_bytes) return cut();
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(read_size),
                            [self = this->shared_from_this(), so_far](Failure failure, std::size_t size) {
                              if (self->phase_ == Phase::closed) return;
                              if (failure) return self->cut();
                              self->discard(so_far + size);
                            });
  }

  ServerCore& core_;
  const std::uint64_t id_;
  const Peer peer_;
  const Admission admission_;
  Phase phase_ = Phase::idle;
  bool keep_alive_ = false;
  bool http_1_0_ = false;
  Clock::time_point began_;

  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<wire::request_parser<wire::string_body>> parser_;
  std::shared_ptr<Request> request_;  // shared with the handler
  std::optional<Response> refusal_;   // decided before the body
  std::shared_ptr<Upload> upload_;    // shared with its worker
  std::shared_ptr<Response> made_;
  const Route* route_ = nullptr;

  std::shared_ptr<Outbox> outbox_;
  asio::steady_timer heartbeat_;
  std::string heartbeat_text_;
  bool stream_write_pending_ = false;
};

}  // namespace

std::shared_ptr<Session> make_session(ServerCore& core, std::uint64_t id, asio::generic::stream_protocol::socket socket,
                                      Peer peer, Admission admission) {
  if (core.tls == nullptr || peer.door == Peer::Door::unix_socket)
    return std::make_shared<Connection<Plain>>(core, id, std::move(socket), std::move(peer), admission);
  return std::make_shared<Connection<Encrypted>>(core, id, std::move(socket), std::move(peer), admission, *core.tls);
}

}  // namespace mortise::http
