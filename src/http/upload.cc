#include "http/upload.h"

namespace mortise::http {

void Upload::make_room() {
  auto& body = parser_.get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  body.more = true;
}

std::size_t Upload::take_piece() {
  const std::size_t size = piece_.size() - parser_.get().body().size;
  received_ += size;
  return size;
}

Response Upload::finish() {
  Response response = sink_->finish();
  sink_.reset();  // before the answer: what it held is free when the client knows
  return response;
}

}  // namespace mortise::http
