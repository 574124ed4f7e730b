// Writes an answer whose end is not known yet: what its producer sends, as chunks, until it ends or the client goes.
// Internal to the server; everything here runs on the I/O thread.
//
// The outbox holds what waits. A silent stream gets its heartbeat; what the client sends meanwhile is thrown away, and is
// how one notices that it went. The end of a stream is the end of its connection.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "http/beast_message.h"
#include "http/outbox.h"
#include "http/server_core.h"

namespace mortise::http {

template <typename NetworkStream>
class StreamWriter {
 public:
  // `session` owns this; it is held by the operations in flight, and cut when the stream is over.
  StreamWriter(ServerCore& core, std::uint64_t id, std::weak_ptr<Session> session, NetworkStream& stream,
               beast::flat_buffer& buffer, Framing framing)
      : core_(core),
        id_(id),
        session_(std::move(session)),
        stream_(stream),
        buffer_(buffer),
        framing_(framing),
        heartbeat_(core.io) {}

  void begin(Response response) {
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

  // The producer has sent something.
  void flush() {
    if (over_ || writing_) return;
    auto [bytes, ended] = outbox_->take();
    if (!bytes.empty()) {
      write(std::move(bytes), ended ? Then::finish : Then::go_on);
    } else if (ended) {
      finish();
    }
  }

  void drain() { outbox_->end(); }

  // The connection is closed: nothing more is written, and the producer is told.
  void close() {
    over_ = true;
    heartbeat_.cancel();
    if (outbox_ != nullptr) outbox_->close();
  }

 private:
  enum class Then : std::uint8_t { go_on, finish };

  [[nodiscard]] auto& lowest() noexcept { return beast::get_lowest_layer(stream_); }

  void cut() {
    if (const auto session = session_.lock()) session->cut();
  }

  void watch_reader() {
    lowest().expires_never();
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(4096), [this, keep = session_.lock()](Failure failure, std::size_t) {
      if (over_) return;
      failure ? cut() : watch_reader();
    });
  }

  void arm_heartbeat() {
    if (heartbeat_text_.empty()) return;
    heartbeat_.expires_after(core_.options.heartbeat);
    heartbeat_.async_wait([this, keep = session_.lock()](Failure failure) {
      if (failure || over_ || finishing_) return;
      if (!writing_) write(heartbeat_text_, Then::go_on);
      arm_heartbeat();
    });
  }

  void write(std::string bytes, Then then) {
    writing_ = true;
    auto text = std::make_shared<std::string>(framing_.http_1_0 ? std::move(bytes) : chunk_of(std::move(bytes)));
    lowest().expires_at(core_.deadline_for(std::chrono::steady_clock::now(), text->size()));
    boost::asio::async_write(stream_, boost::asio::buffer(*text),
                             [this, keep = session_.lock(), text, then](Failure failure, std::size_t) {
                               writing_ = false;
                               if (over_) return;
                               if (failure) return cut();
                               then == Then::finish ? finish() : flush();
                             });
  }

  void finish() {
    if (framing_.http_1_0) return cut();
    finishing_ = true;
    writing_ = true;
    lowest().expires_after(core_.options.stall_timeout);
    boost::asio::async_write(stream_, boost::asio::buffer("0\r\n\r\n", 5),
                             [this, keep = session_.lock()](Failure, std::size_t) { cut(); });
  }

  ServerCore& core_;
  const std::uint64_t id_;
  const std::weak_ptr<Session> session_;
  NetworkStream& stream_;
  beast::flat_buffer& buffer_;
  const Framing framing_;

  std::shared_ptr<Outbox> outbox_;
  boost::asio::steady_timer heartbeat_;
  std::string heartbeat_text_;
  bool writing_ = false;
  bool finishing_ = false;
  bool over_ = false;
};

}  // namespace mortise::http
