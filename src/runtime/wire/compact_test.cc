#include "runtime/wire/compact.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "data/tensor.h"

namespace mortise::runtime {
namespace {

// A header and segments as they arrive, with the slack behind them.
struct Arrived {
  explicit Arrived(std::string header, std::string_view segments = {}) : bytes(std::move(header)) {
    const std::size_t size = bytes.size();
    bytes.append(segments).append(frame_slack, '\0');
    const auto all = std::as_bytes(std::span(bytes.data(), bytes.size()));
    frame = {all.first(size), all.subspan(size, segments.size()), 0};
  }
  Arrived(const Arrived&) = delete;
  Arrived& operator=(const Arrived&) = delete;
  std::string bytes;
  Frame frame;
};

std::string header_of(const Message& message) {
  MessageWriter writer;
  const OutgoingFrame frame = writer.write(message);
  return {reinterpret_cast<const char*>(frame.head.data()) + frame_prefix_size, frame.head.size() - frame_prefix_size};
}

std::string segments_of(const Message& message) {
  MessageWriter writer;
  std::string all;
  const OutgoingFrame frame = writer.write(message);
  for (const data::Bytes segment : frame.segments) all.append(reinterpret_cast<const char*>(segment.data()), segment.size());
  return all;
}

Message read(std::string header, From from, std::string_view segments = {}) {
  const Arrived arrived(std::move(header), segments);
  MessageReader reader(from);
  return reader.read(arrived.frame);
}

message::Call call_with(Value input) { return {7, MORTISE_OP_CALL, "echo", std::move(input), 250, {}, true}; }

message::Call call_back(Value input) {
  const Message message = call_with(std::move(input));
  const std::string header = header_of(message);
  CHECK(header.front() == '\1');
  return std::get<message::Call>(read(header, From::host, segments_of(message)));
}

std::string refusal(std::string header, From from, std::string_view segments = {}) {
  try {
    static_cast<void>(read(std::move(header), from, segments));
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    return error.what();
  }
  return "nothing was refused";
}

std::string changed(std::string header, std::size_t at, char to) {
  header[at] = to;
  return header;
}

TEST_CASE("a call with a compact header comes as it was sent") {
  const message::Call back = call_back("Grüße \"\\\n\x01");
  CHECK(back.id == 7);
  CHECK(back.operation == MORTISE_OP_CALL);
  CHECK(back.method == "echo");
  CHECK(back.timeout_ms == 250);
  CHECK(back.compact);
  CHECK(back.input.as_string() == "Grüße \"\\\n\x01");
  CHECK(call_back("").input.as_string().empty());
  CHECK(call_back(Value()).input.is_null());
  CHECK(call_back(Value::map({{"a", 1}, {"$b", 2.5}})).input == Value::map({{"a", 1}, {"$b", 2.5}}));
}

TEST_CASE("the sizes of segments follow the value of a compact header") {
  const Value input = Value::list({Value::bytes(std::string(300, 'a')), Value::bytes(std::string(500, 'b'))});
  CHECK(call_back(input).input == input);
}

TEST_CASE("a result has a compact header only where it is asked for, and an error never") {
  const message::Result ok{7, "fine", {}, 12, {}, true};
  const std::string header = header_of(ok);
  CHECK(header.size() == 24 + 4);
  const auto back = std::get<message::Result>(read(header, From::worker));
  CHECK(back.id == 7);
  CHECK(back.copied == 12);
  CHECK(back.value.as_string() == "fine");
  CHECK(header_of(message::Result{7, "fine", {}, 12, {}, false}).front() == '{');
  CHECK(header_of(message::Result{7, {}, Error(Code::plugin, "no"), 0, {}, true}).front() == '{');
  message::Call long_method = call_with(1);
  long_method.method.assign(70'000, 'm');
  CHECK(header_of(long_method).front() == '{');
  CHECK(std::get<message::Call>(read(header_of(long_method), From::host)).method == long_method.method);
}

TEST_CASE("a text that is not UTF-8 is not sent compactly either") {
  CHECK_THROWS_AS(header_of(call_with("\xFF")), Error);
  message::Call call = call_with(1);
  call.method = "\xC0\x80";
  CHECK_THROWS_AS(header_of(call), Error);
}

TEST_CASE("what breaks a compact header is refused, each number by its name") {
  const std::string call = header_of(call_with("hello"));
  const std::string result = header_of(message::Result{7, "fine", {}, 12, {}, true});
  CHECK(refusal(call, From::worker) == "broken message: a compact header of kind 1 from the wrong side");
  CHECK(refusal(result, From::host) == "broken message: a compact header of kind 2 from the wrong side");
  CHECK(refusal(call.substr(0, 23), From::host) == "broken message: a compact header of 23 bytes; it has 24 and more");
  CHECK(refusal(changed(call, 2, 2), From::host) == "broken message: a compact value in the form 2, expected 0 or 1");
  CHECK(refusal(changed(call, 3, 1), From::host) == "broken message: the reserved byte of a compact header is 1, expected 0");
  CHECK(refusal(changed(call, 5, 1), From::host) ==
        "broken message: a compact header of 33 bytes, of which 284 are not its value");
  CHECK(refusal(changed(call, 7, 1), From::host) ==
        "broken message: a compact header of 33 bytes, of which 1052 are not its value");
  CHECK(refusal(changed(call, 8, 0), From::host).find("its id is 0") != std::string::npos);
  CHECK(refusal(changed(call, 15, '\x80'), From::host).find("not within 0 to") != std::string::npos);
  CHECK(refusal(changed(call, 23, '\x80'), From::host).find("not within 0 to") != std::string::npos);
  CHECK(refusal(changed(call, 24, '\xFF'), From::host) == "broken message: a text of a compact header is not UTF-8");
  CHECK(refusal(changed(call, 30, '\xFF'), From::host) == "broken message: a text of a compact header is not UTF-8");
  CHECK(refusal(changed(result, 1, 1), From::worker) == "broken message: a compact result with an operation or a method");
  CHECK(refusal(changed(result, 4, 1), From::worker) == "broken message: a compact result with an operation or a method");
  CHECK(refusal(changed(result, 2, 0), From::worker).find("broken message, line 1") == 0);
}

TEST_CASE("segments of a compact header add up exactly") {
  const Message message = call_with(Value::bytes(std::string(300, 'a')));
  const std::string header = header_of(message);
  const std::string all(300, 'a');
  CHECK(refusal(header, From::host, all.substr(1)) == "broken message: the sizes of the segments do not add up");
  CHECK(refusal(header, From::host, all + "a") == "broken message: the sizes of the segments do not add up");
  CHECK(refusal(header_of(call_with("x")), From::host, "a") == "broken message: the sizes of the segments do not add up");
}

TEST_CASE("a value that breaks a rule in a compact header is answered, not fatal") {
  const auto refused = [](const std::string& json) {
    std::string header = header_of(call_with(1));
    header.resize(header.size() - 1);
    return std::get<message::Call>(read(header + json, From::host)).refused;
  };
  CHECK_FALSE(refused("[1]"));
  CHECK(std::string(refused("18446744073709551616")->what()) == "a number is beyond int64 or float64");
  CHECK(refused(R"({"a":1,"a":2})")->code() == Code::invalid);
  CHECK(refused(R"({"$odd":1})")->code() == Code::invalid);
  const auto unknown = std::get<message::Call>(read(changed(header_of(call_with(1)), 1, 99), From::host));
  CHECK(unknown.refused->code() == Code::unsupported);
  CHECK(std::string(unknown.refused->what()) == "unknown operation 99");
}

}  // namespace
}  // namespace mortise::runtime
