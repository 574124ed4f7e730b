// A body that goes piece by piece to the sink of its route. Internal to the server.
//
// The sink lives on worker threads, one call at a time; the connection reads the next piece when the last one is written,
// so an upload holds one piece. Shared by the connection and the thread that writes.
#pragma once

#include <boost/beast/http/buffer_body.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/beast_message.h"
#include "http/router.h"

namespace mortise::http {

class Upload {
 public:
  using Parser = wire::request_parser<wire::buffer_body>;

  Upload(wire::request_parser<wire::string_body>&& header, std::uint64_t limit) : parser_(std::move(header)) {
    parser_.body_limit(limit);
  }

  // ---- the I/O thread ----
  [[nodiscard]] Parser& parser() noexcept { return parser_; }
  [[nodiscard]] bool whole() const { return parser_.is_done(); }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  void make_room();                        // before a read: it fills the piece
  [[nodiscard]] std::size_t take_piece();  // after a read: how much of the piece it filled

  // ---- a worker thread ----
  void open(const Route& route, const Request& request) { sink_ = route.receiver(request); }
  void write(std::size_t size) { sink_->write({piece_.data(), size}); }
  [[nodiscard]] Response finish();
  void give_up() { sink_.reset(); }

 private:
  Parser parser_;
  std::vector<char> piece_ = std::vector<char>(256 * 1024);
  std::unique_ptr<BodySink> sink_;
  std::uint64_t received_ = 0;
};

}  // namespace mortise::http
