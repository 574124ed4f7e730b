#include "runtime/wire/message.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "data/tensor.h"

namespace mortise::runtime {
namespace {

// The bytes of a frame as they arrive, with the slack that a decoder gives.
struct Arrived {
  explicit Arrived(const OutgoingFrame& out) {
    bytes.assign(out.head.begin(), out.head.end());
    for (const data::Bytes& segment : out.segments) bytes.insert(bytes.end(), segment.begin(), segment.end());
    CHECK(bytes.size() == out.size);
    prefix = read_prefix(std::span<const std::byte>(bytes).first<frame_prefix_size>());
    bytes.resize(bytes.size() + frame_slack);
  }
  explicit Arrived(std::string_view header, std::string_view segments = {}) {
    prefix = {static_cast<std::uint32_t>(header.size()), static_cast<std::uint32_t>(segments.size()), 0};
    bytes.resize(frame_prefix_size + header.size() + segments.size() + frame_slack);
    std::memcpy(bytes.data() + frame_prefix_size, header.data(), header.size());
    if (!segments.empty()) {
      std::memcpy(bytes.data() + frame_prefix_size + header.size(), segments.data(), segments.size());
    }
  }
  [[nodiscard]] Frame frame() const {
    const auto all = std::span<const std::byte>(bytes).subspan(frame_prefix_size);
    return {all.first(prefix.header_size), all.subspan(prefix.header_size, prefix.segments_size), prefix.descriptors};
  }
  [[nodiscard]] std::string text() const {
    return {reinterpret_cast<const char*>(frame().header.data()), frame().header.size()};
  }
  std::vector<std::byte> bytes;
  FramePrefix prefix;
};

template <typename T>
T round_trip(const T& message, From from) {
  MessageWriter writer;
  const Arrived arrived(writer.write(message));
  MessageReader reader(from);
  Message back = reader.read(arrived.frame());
  REQUIRE(std::holds_alternative<T>(back));
  return std::get<T>(std::move(back));
}

Message read(std::string_view header, From from = From::host, std::string_view segments = {}) {
  MessageReader reader(from);
  return reader.read(Arrived(header, segments).frame());
}

std::string refusal(std::string_view header, From from = From::host, std::string_view segments = {}) {
  try {
    static_cast<void>(read(header, from, segments));
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    return error.what();
  }
  return "accepted";
}

TEST_CASE("a greeting and its answer travel") {
  message::Hello hello;
  hello.host = "1.2.3";
  hello.plugin_id = "Input.file";
  hello.plugin_path = "/a b/\xC3\xA9";
  hello.plugin_entry = "libfile.so";
  hello.plugin_name = "file";
  hello.plugin_version = "0.1.0";
  hello.adapter = "some_adapter";
  hello.object = "TheOne";
  hello.limits = Value::map({{"memory", 1 << 30}});
  const auto back = round_trip(hello, From::host);
  CHECK(back.plugin_path == hello.plugin_path);
  CHECK(back.plugin_entry == "libfile.so");
  CHECK(back.adapter == "some_adapter");
  CHECK(back.object == "TheOne");
  CHECK(back.limits == hello.limits);
  CHECK(back.protocol == 1);

  const auto ready = round_trip(message::Ready{1, "sdk 1", "c", 4711}, From::worker);
  CHECK(ready.sdk == "sdk 1");
  CHECK(ready.language == "c");
  CHECK(ready.pid == 4711);
}

TEST_CASE("calls, lifecycle verbs and their results travel") {
  const auto call = round_trip(message::Call{7, MORTISE_OP_CALL, "add", Value::list({1, 2}), 1500, {}}, From::host);
  CHECK(call.id == 7);
  CHECK(call.operation == MORTISE_OP_CALL);
  CHECK(call.method == "add");
  CHECK(call.input == Value::list({1, 2}));
  CHECK(call.timeout_ms == 1500);
  CHECK(!call.refused);
  for (const Verb verb : {Verb::load, Verb::initialize, Verb::start, Verb::stop, Verb::cleanup}) {
    CHECK(round_trip(message::Lifecycle{1, verb, Value::map({{"a", 1}}), 0, {}}, From::host).verb == verb);
  }
  CHECK(round_trip(message::Lifecycle{1, Verb::load, Value::map({{"a", 1}}), 0, {}}, From::host).config.at("a") ==
        Value(1));
  for (std::uint32_t operation = MORTISE_OP_VALIDATE; operation <= MORTISE_OP_HEALTH; ++operation) {
    CHECK(round_trip(message::Call{1, operation, "", {}, 0, {}}, From::host).operation == operation);
  }
  const auto result = round_trip(message::Result{7, Value(3), {}, 64, {}}, From::worker);
  CHECK(result.value == Value(3));
  CHECK(result.copied == 64);
  CHECK(!result.error);
}

TEST_CASE("an error travels with its code, hint, details and causes") {
  const Error error = Error(Code::busy, "outer", "wait")
                          .with("step", "load")
                          .because(Error(Code::timeout, "inner").because(Error(Code::denied, "root")));
  const auto back = round_trip(message::Result{7, {}, error, 0, {}}, From::worker);
  REQUIRE(back.error);
  CHECK(back.error->code() == Code::busy);
  CHECK(back.error->describe() == "outer: inner: root");
  CHECK(back.error->hint() == "wait");
  CHECK(back.error->detail("step") == "load");
  CHECK(back.error->cause()->code() == Code::timeout);
  CHECK(back.error->cause()->cause()->code() == Code::denied);

  // What people wrote may be any bytes; the message goes out all the same.
  const Error dirty = Error(Code::plugin, "bad \xFF byte").with("k", "\xFE").with("k", "twice");
  CHECK(std::string(round_trip(message::Result{7, {}, dirty, 0, {}}, From::worker).error->what()) ==
        "bad \xEF\xBF\xBD byte");
}

TEST_CASE("an error that goes on for megabytes is cut, by its sender and by its receiver") {
  Error error(Code::plugin, std::string(32U << 20, 'x') + "\xC3\xA9", std::string(1U << 20, 'h'));
  for (int i = 0; i < 1000; ++i) error.with("detail " + std::to_string(i), std::string(1U << 20, 'd'));
  const auto back = round_trip(message::Result{7, {}, error, 0, {}}, From::worker);
  REQUIRE(back.error);
  CHECK(std::string(back.error->what()) == std::string(max_error_text, 'x'));
  CHECK(back.error->hint().size() == max_error_text);
  CHECK(back.error->details().size() == max_error_details);
  CHECK(back.error->detail("detail 63").size() == max_error_text);

  const std::string text =
      R"({"t":"result","id":1,"status":"plugin","error":{"message":")" + std::string(1U << 20, 'm') + R"("}})";
  CHECK(std::get<message::Result>(read(text, From::worker)).error->describe().size() == max_error_text);
}

TEST_CASE("the 33rd cause of an error is dropped by the sender and refused by the receiver") {
  const auto depth_of = [](const Error& error) {
    int depth = 1;
    for (const Error* cause = error.cause(); cause != nullptr; cause = cause->cause()) ++depth;
    return depth;
  };
  Error error(Code::plugin, "root");
  for (int i = 0; i < 50; ++i) error = Error(Code::plugin, "outer").because(error);
  CHECK(depth_of(*round_trip(message::Result{7, {}, error, 0, {}}, From::worker).error) == 32);
  std::string text = R"({"message":"x"})";
  for (int i = 0; i < 32; ++i) text = R"({"message":"x","cause":)" + text + "}";
  CHECK(refusal(R"({"t":"result","id":1,"status":"plugin","error":)" + text + "}", From::worker)
            .find("more than 32 causes") != std::string::npos);
}

TEST_CASE("logs, progress, requests, replies and shared memory travel") {
  const auto log =
      round_trip(message::Log{0, MORTISE_LOG_WARNING, "tea \xFF time", Value::map({{"rows", 3}})}, From::worker);
  CHECK(log.level == MORTISE_LOG_WARNING);
  CHECK(log.text == "tea \xEF\xBF\xBD time");
  CHECK(log.fields.at("rows") == Value(3));

  CHECK(round_trip(message::Progress{7, 0.25, "half"}, From::worker).fraction == 0.25);
  CHECK(round_trip(message::Progress{7, -1, ""}, From::worker).fraction < 0);
  CHECK(round_trip(message::Progress{7, std::nan(""), ""}, From::worker).fraction < 0);
  CHECK(round_trip(message::Progress{7, 17.0, ""}, From::worker).fraction == 1.0);

  using What = message::Request::What;
  message::Request request{1, 7, What::context, "key", "", "", {}, 0, {}};
  CHECK(round_trip(request, From::worker).key == "key");
  request = {2, 7, What::service, "", "models", "find", Value(1), 0, {}};
  CHECK(round_trip(request, From::worker).method == "find");
  CHECK(round_trip(request, From::worker).input == Value(1));
  request = {3, 7, What::arena, "", "", "", {}, 4096, {}};
  CHECK(round_trip(request, From::worker).size == 4096);

  CHECK(round_trip(message::Reply{3, Value("v"), {}}, From::host).value == Value("v"));
  CHECK(round_trip(message::Reply{3, {}, Error(Code::not_found, "no")}, From::host).error->code() == Code::not_found);
  CHECK(round_trip(message::Cancel{7}, From::host).id == 7);
  CHECK(round_trip(message::Drop{2}, From::host).arena == 2);
  const auto arena = round_trip(message::Arena{2, 1 << 20, message::Access::write}, From::host);
  CHECK(arena.access == message::Access::write);
  CHECK(arena.size == 1 << 20);
  round_trip(message::Bye{}, From::host);
}

TEST_CASE("only the frame of an arena brings a descriptor") {
  MessageWriter writer;
  CHECK(Arrived(writer.write(message::Arena{1, 64, message::Access::read})).prefix.descriptors == 1);
  CHECK(Arrived(writer.write(message::Bye{})).prefix.descriptors == 0);
}

TEST_CASE("segments lie behind the header in order, with their sizes in it") {
  MessageWriter writer;
  const Value input = Value::list({Value::bytes("abc"), Value::bytes(""), Value::bytes("de")});
  const Arrived arrived(writer.write(message::Call{1, MORTISE_OP_INFER, "", input, 0, {}}));
  CHECK(arrived.text().find(R"("segments":[3,0,2])") != std::string::npos);
  CHECK(arrived.prefix.segments_size == 5);
  CHECK(std::get<message::Call>(MessageReader(From::host).read(arrived.frame())).input == input);
}

TEST_CASE("sizes of segments that do not add up end the connection") {
  const std::string call = R"({"t":"call","id":1,"op":"infer","input":null)";
  CHECK(refusal(call + R"(,"segments":[1,2]})", From::host, "abc") == "accepted");
  CHECK(refusal(call + R"(,"segments":[1,1]})", From::host, "abc").find("do not add up") != std::string::npos);
  CHECK(refusal(call + R"(,"segments":[4]})", From::host, "abc").find("do not add up") != std::string::npos);
  CHECK(refusal(call + R"(,"segments":[-1,4]})", From::host, "abc").find("do not add up") != std::string::npos);
  CHECK(refusal(call + R"(,"segments":[18446744073709551615,4]})", From::host, "abc").find("do not add up") !=
        std::string::npos);
  CHECK(refusal(call + "}", From::host, "abc").find("do not add up") != std::string::npos);
  CHECK(refusal(call + R"(,"segments":3})", From::host, "abc").find("not a list") != std::string::npos);
}

TEST_CASE("a header that breaks the protocol is an error that says where") {
  CHECK(refusal("[]").find("not an object") != std::string::npos);
  CHECK(refusal("{}").find("unknown type ''") != std::string::npos);
  CHECK(refusal(R"({"t":"dance"})").find("unknown type 'dance'") != std::string::npos);
  CHECK(refusal(R"({"t":"result","id":1,"status":"ok"})", From::host).find("unknown type 'result'") !=
        std::string::npos);
  CHECK(refusal(R"({"t":"call","id":1,"op":"infer"})", From::worker).find("unknown type 'call'") != std::string::npos);
  CHECK(refusal("{\"t\":\"bye\"").find("line 1, column 11: expected ',' or '}', got the end") != std::string::npos);
  CHECK(refusal("{\"t\":\"b\xFF\"}").find("expected UTF-8, got the byte 0xff") != std::string::npos);
  CHECK(refusal(R"({"t":"cancel","id":0})").find("'id' is missing or 0") != std::string::npos);
  CHECK(refusal(R"({"t":"cancel","id":-1})").find("'id' is not an integer") != std::string::npos);
  CHECK(refusal(R"({"t":"cancel","id":1.0})").find("'id' is not an integer") != std::string::npos);
  CHECK(refusal(R"({"t":"cancel","id":1e999})") != "accepted");
  CHECK(refusal(R"({"t":"call","id":1,"op":7})").find("'op' is not a string") != std::string::npos);
  CHECK(refusal(R"({"t":"lifecycle","id":1,"verb":"dance"})").find("unknown verb") != std::string::npos);
  CHECK(refusal(R"({"t":"arena","arena":4294967296,"size":1,"access":"read"})").find("no arena") != std::string::npos);
  CHECK(refusal(R"({"t":"arena","arena":1,"size":1,"access":"rw"})").find("unknown access") != std::string::npos);
  CHECK(refusal(R"({"t":"result","id":1,"status":"fine"})", From::worker).find("unknown status") != std::string::npos);
  CHECK(refusal(R"({"t":"log","level":"loud","message":""})", From::worker).find("unknown level") != std::string::npos);
  CHECK(refusal(R"({"t":"progress","id":1,"fraction":"x"})", From::worker).find("not a number") != std::string::npos);
  CHECK(refusal(R"({"t":"request","id":1,"call":1,"what":"tea"})", From::worker).find("unknown request") !=
        std::string::npos);
  CHECK(refusal(std::string(600, '[') + std::string(600, ']')).find("512 levels") != std::string::npos);
}

TEST_CASE("a value that breaks the rules comes as a message whose sender can be answered") {
  const auto call = std::get<message::Call>(read(R"({"t":"call","id":9,"op":"infer","input":{"a":1,"a":2}})"));
  CHECK(call.id == 9);
  REQUIRE(call.refused);
  CHECK(call.refused->code() == Code::invalid);
  CHECK(std::get<message::Call>(read(R"({"t":"call","id":9,"op":"infer","input":[1,1e999]})")).refused);
  CHECK(std::get<message::Call>(read(R"({"t":"call","id":9,"op":"infer","input":99999999999999999999})")).refused);
  CHECK(std::get<message::Call>(read(R"({"t":"call","id":9,"op":"infer","input":9223372036854775808})")).refused);
  CHECK(std::get<message::Call>(read(R"({"t":"call","id":9,"op":"dance"})")).refused->code() == Code::unsupported);
  CHECK(std::get<message::Lifecycle>(read(R"({"t":"lifecycle","id":9,"verb":"load","config":[]})")).refused);
  CHECK(std::get<message::Reply>(read(R"({"t":"reply","id":9,"status":"ok","value":{"$x":1}})")).error);
  CHECK(
      std::get<message::Result>(read(R"({"t":"result","id":9,"status":"ok","value":{"$x":1}})", From::worker)).refused);
  CHECK(std::get<message::Request>(
            read(R"({"t":"request","id":9,"call":1,"what":"service","input":{"$x":1}})", From::worker))
            .refused);
  CHECK(std::get<message::Log>(read(R"({"t":"log","level":"info","message":"m","fields":{"$x":1}})", From::worker))
            .fields.has("fields_refused"));
}

TEST_CASE("unknown keys are ignored, absent ones have their defaults") {
  const auto call = std::get<message::Call>(read(R"({"future":[{}],"t":"call","id":1,"op":"health"})"));
  CHECK(call.input.is_null());
  CHECK(call.timeout_ms == 0);
  CHECK(std::get<message::Call>(read(R"({"t":"call","id":1,"op":"health","timeout_ms":9223372036854775807})"))
            .timeout_ms < 1'000'000'000'000);
}

TEST_CASE("a message that would break a limit is refused by its sender") {
  MessageWriter writer;
  CHECK_THROWS_AS(static_cast<void>(writer.write(message::Result{1, Value(std::string(17u << 20, 'x')), {}, 0, {}})),
                  Error);
  CHECK_THROWS_AS(static_cast<void>(writer.write(message::Result{1, Value("\xFF"), {}, 0, {}})), Error);
  CHECK(Arrived(writer.write(message::Result{1, Value(1), {}, 0, {}})).text() ==
        R"({"t":"result","id":1,"status":"ok","value":1,"copied":0})");
}

TEST_CASE("a large message does not leave a large reader or writer behind, and small ones still pass") {
  MessageWriter writer;
  MessageReader reader(From::worker);
  for (const std::size_t size : {std::size_t{10}, std::size_t{3} << 20, std::size_t{10}, std::size_t{20000}}) {
    const Value text = std::string(size, 'x');
    const Arrived arrived(writer.write(message::Result{1, text, {}, 0, {}}));
    CHECK(std::get<message::Result>(reader.read(arrived.frame())).value == text);
  }
}

}  // namespace
}  // namespace mortise::runtime
