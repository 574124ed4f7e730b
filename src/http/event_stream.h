// Server-sent events: their text, and the way from the hub of events to a client.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "jobs/core/events.h"

namespace mortise::http {

// "id: 3\nevent: step.started\ndata: {...}\n\n"; without an id when that is empty. The data is one line of JSON.
[[nodiscard]] std::string event_text(std::string_view id, std::string_view type, const Value& data);

// A response that streams what `feed` sends, with heartbeats, and ends when it returns. `feed` may take its time.
[[nodiscard]] Response event_stream(std::function<void(Stream&)> feed);

// Sends the watch's events, each with its time, until the run has ended or the client is gone. False: it is gone.
bool forward_events(jobs::EventHub::Watch& watch, Stream& stream);

}  // namespace mortise::http
