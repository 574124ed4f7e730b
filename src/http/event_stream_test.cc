#include "http/event_stream.h"

#include <doctest/doctest.h>

#include <thread>

using namespace mortise;
using namespace mortise::http;

namespace {

// Keeps what is sent; accepts a number of messages, then is gone.
class FakeStream final : public Stream {
 public:
  explicit FakeStream(std::size_t accepted = 1000) : accepted_(accepted) {}
  bool send(std::string bytes) override {
    if (sent.size() >= accepted_) return false;
    sent.push_back(std::move(bytes));
    return true;
  }
  void end() override { ended = true; }
  void on_closed(std::function<void()> action) override {
    if (leave_at_once) action();
  }

  std::vector<std::string> sent;
  bool ended = false;
  bool leave_at_once = false;

 private:
  std::size_t accepted_;
};

}  // namespace

TEST_CASE("an event is a block of lines, its data on one of them") {
  CHECK(event_text("3", "step.log", Value::map({{"message", "a\nb"}})) ==
        "id: 3\nevent: step.log\ndata: {\"message\":\"a\\nb\"}\n\n");
  CHECK(event_text({}, "x", Value()) == "event: x\ndata: null\n\n");
}

TEST_CASE("a run's events are sent with their numbers and times until it has ended") {
  jobs::EventHub hub;
  hub.publish("r", "run.started", Value::map({{"name", "P"}}));
  const auto watch = hub.watch("r");
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    hub.publish("r", "run.finished", Value());
    hub.finish("r");
  });
  FakeStream stream;
  CHECK(forward_events(*watch, stream));
  later.join();
  REQUIRE(stream.sent.size() == 2);
  CHECK(stream.sent[0].starts_with("id: 1\nevent: run.started\ndata: {\"name\":\"P\",\"time\":\"20"));
  CHECK(stream.sent[1].starts_with("id: 2\nevent: run.finished\n"));
}

TEST_CASE("forwarding stops when the reader is gone") {
  jobs::EventHub hub;
  for (int i = 0; i < 3; ++i) hub.publish("r", "tick", Value());
  const auto watch = hub.watch("r");
  FakeStream full(1);
  CHECK_FALSE(forward_events(*watch, full));

  // The run goes on in silence; only the reader's leaving ends this.
  const auto silent = hub.watch("r", 3);
  FakeStream left;
  left.leave_at_once = true;
  CHECK_FALSE(forward_events(*silent, left));
}
