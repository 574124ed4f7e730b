// One connection, from its first byte to its last.
//
// It reads a request whole, has it handled, writes the answer, and only then looks at what follows: pipelined requests
// wait in the socket, so a client cannot make work pile up here. Every wait has a deadline; when one passes, the stream
// is closed under its operation and the connection ends. It is one class because it is one state machine, and a template
// because it does not care whether what it reads was encrypted. Bodies that go piece by piece are Upload's, answers that
// do StreamWriter's.
#include <algorithm>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

#include "base/error.h"
#include "http/beast_message.h"
#include "http/dispatch.h"
#include "http/server_core.h"
#include "http/stream_writer.h"
#include "http/upload.h"

namespace mortise::http {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t read_size = 64 * 1024;
constexpr auto linger_time = std::chrono::seconds(1);
constexpr std::size_t linger_bytes = 16 * 1024 * 1024;

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
        buffer_(std::max(core.options.max_header + 4096, read_size)) {}

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
    if (phase_ == Phase::streaming) writer_->flush();
  }

  void drain() override {
    keep_alive_ = false;
    if (phase_ == Phase::idle || phase_ == Phase::lingering) cut();
    if (phase_ == Phase::streaming) writer_->drain();
  }

  void cut() override {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    lowest().close();
    if (writer_) writer_->close();
    core_.forget(id_);
  }

 private:
  enum class Phase : std::uint8_t { idle, reading, handling, writing, streaming, lingering, closed };
  enum class Body : std::uint8_t { sent, omitted };

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
      http_1_0_ = parser_->get().version() < 11;
      const Target target = take_header(parser_->get(), *request_);
      if (admission_ == Admission::refusing) throw turned_away();
      identify(core_, peer_, *request_);
      Found found = find_route(core_, *request_, target);
      route_ = found.route;
      if (found.answer) refusal_ = std::move(*found.answer);
      const std::uint64_t limit = body_limit();
      if (parser_->content_length().value_or(0) > limit) refusal_ = too_large(limit);
    } catch (const Error& error) {
      if (error.code() == Code::unsupported) keep_alive_ = false;  // after CONNECT, for one, what follows is no request
      refusal_ = refusal(*request_, error);
    }
    const bool short_body = !parser_->chunked() && parser_->content_length().value_or(0) <= read_size;
    if (refusal_ && !parser_->is_done() && (!short_body || awaits_continue())) {
      keep_alive_ = false;
      phase_ = Phase::handling;
      return answer(std::move(*refusal_));
    }
    awaits_continue() ? write_continue() : read_body();
  }

  [[nodiscard]] std::uint64_t body_limit() const {
    return route_ != nullptr && route_->receiver ? core_.options.max_upload : core_.options.max_body;
  }

  [[nodiscard]] bool awaits_continue() const { return !parser_->is_done() && expects_continue(parser_->get()); }

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
    lowest().expires_at(core_.deadline_for(began_, parser_->get().body().size()));
    wire::async_read_some(stream_, buffer_, *parser_, [self = this->shared_from_this()](Failure failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      if (failure) return self->refuse(failure);
      self->read_body();
    });
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

  void report(const Response& response) {
    core_.events.answered(
        {*request_, route_, response.status, response.stream ? 0 : response.body.size(), Clock::now() - began_});
  }

  // ---- bodies that go piece by piece -------------------------------------------------------------------------------

  void begin_upload() {
    upload_ = std::make_shared<Upload>(std::move(*parser_), core_.options.max_upload);
    lowest().expires_never();
    elsewhere([upload = upload_, route = route_, request = request_] { upload->open(*route, *request); },
              &Connection::read_piece);
  }

  void read_piece() {
    if (upload_->whole()) return finish_upload();
    upload_->make_room();
    lowest().expires_at(core_.deadline_for(began_, upload_->received()) + (Clock::now() - began_) / 2);
    wire::async_read_some(stream_, buffer_, upload_->parser(),
                          [self = this->shared_from_this()](Failure failure, std::size_t) {
                            if (self->phase_ == Phase::closed) return;
                            if (failure && failure != wire::error::need_buffer) return self->refuse(failure);
                            self->write_piece();
                          });
  }

  void write_piece() {
    const std::size_t size = upload_->take_piece();
    if (size == 0) return read_piece();
    lowest().expires_never();
    elsewhere([upload = upload_, size] { upload->write(size); }, &Connection::read_piece);
  }

  void finish_upload() {
    phase_ = Phase::handling;
    auto made = std::make_shared<Response>();
    made_ = made;
    elsewhere([upload = upload_, made] { *made = upload->finish(); }, &Connection::answer_upload);
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
    if (!upload_->whole()) keep_alive_ = false;
    upload_->give_up();
    phase_ = Phase::handling;
    answer(refusal(*request_, error));
  }

  // ---- writing --------------------------------------------------------------------------------------------------

  template <typename Message>
  void begin_answer(Message& message, const Response& response) const {
    set_header(message, response, {keep_alive_, http_1_0_});
    message.keep_alive(keep_alive_);
  }

  void write_plain(Response response, Body body) {
    phase_ = Phase::writing;
    auto message = std::make_shared<wire::response<wire::string_body>>();
    begin_answer(*message, response);
    if (response.status != 204 && !response.stream) message->content_length(response.body.size());
    if (body == Body::sent) message->body() = std::move(response.body);
    lowest().expires_at(core_.deadline_for(Clock::now(), message->body().size()));
    wire::async_write(stream_, *message, [self = this->shared_from_this(), message](Failure failure, std::size_t) {
      if (self->phase_ == Phase::closed) return;
      if (failure) return self->cut();
      self->keep_alive_ ? self->await_request() : self->linger();
    });
  }

  void write_stream_header(Response response) {
    phase_ = Phase::writing;
    keep_alive_ = false;  // what the client sends while it listens is not a request
    auto message = std::make_shared<wire::response<wire::empty_body>>();
    begin_answer(*message, response);
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
    writer_.emplace(core_, id_, this->weak_from_this(), stream_, buffer_, Framing{keep_alive_, http_1_0_});
    writer_->begin(std::move(response));
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
  std::optional<StreamWriter<Stream>> writer_;
};

}  // namespace

std::shared_ptr<Session> make_session(ServerCore& core, std::uint64_t id, asio::generic::stream_protocol::socket socket,
                                      Peer peer, Admission admission) {
  if (core.tls == nullptr || peer.door == Peer::Door::unix_socket)
    return std::make_shared<Connection<Plain>>(core, id, std::move(socket), std::move(peer), admission);
  return std::make_shared<Connection<Encrypted>>(core, id, std::move(socket), std::move(peer), admission, *core.tls);
}

}  // namespace mortise::http
