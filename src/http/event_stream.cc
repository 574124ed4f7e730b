#include "http/event_stream.h"

#include <atomic>
#include <chrono>

#include "base/clock.h"
#include "data/value_json.h"

namespace mortise::http {
namespace {
// How soon the end of a client is noticed while nothing happens in its run.
constexpr std::chrono::milliseconds patience{250};
}  // namespace

std::string event_text(std::string_view id, std::string_view type, const Value& data) {
  std::string text;
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  return text.append("event: ").append(type).append("\ndata: ").append(data::to_json(data)).append("\n\n");
}

Response event_stream(std::function<void(Stream&)> feed) {
  Response response;
  response.content_type = "text/event-stream";
  response.heartbeat = ": still here\n\n";
  response.stream = [feed = std::move(feed)](const std::shared_ptr<Stream>& stream) {
    feed(*stream);
    stream->end();
  };
  return response;
}

bool forward_events(jobs::EventHub::Watch& watch, Stream& stream) {
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  stream.on_closed([gone] { gone->store(true); });
  while (!gone->load()) {
    for (const jobs::Event& event : watch.next(patience)) {
      Value data = event.data.is(Kind::map) ? event.data : Value::map();
      data.set("time", to_rfc3339(event.time));
      if (!stream.send(event_text(std::to_string(event.sequence), event.type, data))) return false;
    }
    if (watch.state() == jobs::EventHub::Watch::State::ended) return true;
  }
  return false;
}

}  // namespace mortise::http
