// The worker library against a scripted host, through its C door.
#include <doctest/doctest.h>

#include <array>

#include "data/table.h"
#include "runtime/child/probe.h"
#include "runtime/child/scripted_host.h"

namespace mortise::runtime::child {
namespace {

TEST_CASE("a worker answers its greeting, lives through the verbs and leaves on bye") {
  ScriptedHost host(probe);
  host.begin();
  CHECK(Probe::alive == 1);
  Probe::initialized = 0;
  CHECK(!host.lifecycle(Verb::initialize).error);
  CHECK(Probe::initialized == 1);
  CHECK(!host.lifecycle(Verb::start).error);
  CHECK(!host.lifecycle(Verb::stop).error);
  CHECK(!host.lifecycle(Verb::cleanup).error);
  CHECK(Probe::alive == 0);
  CHECK(host.lifecycle(Verb::start).error->code() == Code::conflict);
  CHECK(host.end() == 0);
}

TEST_CASE("a plugin that was not cleaned up is cleaned up when the host is gone") {
  ScriptedHost host(probe);
  host.begin();
  CHECK(Probe::alive == 1);
  host.hang_up();
  CHECK(Probe::alive == 0);
}

TEST_CASE("a plugin that refuses its configuration is not loaded, and may be loaded again") {
  ScriptedHost host(probe);
  host.greet();
  const auto failed = host.lifecycle(Verb::load, Value::map({{"fail", true}}));
  REQUIRE(failed.error);
  CHECK(failed.error->code() == Code::invalid);
  CHECK(std::string(failed.error->what()) == "bad config");
  host.call("echo");
  CHECK(host.result().error->code() == Code::conflict);
  CHECK(!host.lifecycle(Verb::load).error);
  CHECK(host.lifecycle(Verb::load).error->code() == Code::conflict);
  host.call("echo", 5);
  CHECK(host.result().value == Value(5));
}

TEST_CASE("values of every kind go through a worker and come back") {
  ScriptedHost host(probe);
  host.begin();
  const Value rows = Value::list({Value::map({{"a", 1}, {"b", "x"}}), Value::map({{"a", 2}, {"b", nullptr}})});
  const Value input = Value::map({{"n", nullptr},
                                  {"i", INT64_MAX},
                                  {"f", -0.0},
                                  {"s", "\xC3\xA9"},
                                  {"b", Value::bytes("\x01")},
                                  {"t", Time{-1}},
                                  {"$l", Value::list({true, Value::list()})}});
  host.call("echo", input);
  CHECK(host.result().value == input);
  host.call("echo", data::table_from_rows(rows));
  CHECK(data::TableView(host.result().value).to_rows() == rows);
}

TEST_CASE("an error of a plugin arrives with its hint and its cause") {
  ScriptedHost host(probe);
  host.begin();
  host.call("fail");
  const auto result = host.result();
  REQUIRE(result.error);
  CHECK(result.error->code() == Code::busy);
  CHECK(result.error->hint() == "come back");
  CHECK(result.error->describe() == "no room: the key is gone");
  CHECK(result.error->cause()->code() == Code::denied);
}

TEST_CASE("a result that cannot be sent is the plugin's error, and the next call works") {
  ScriptedHost host(probe);
  host.begin();
  host.call("bad_result");
  const auto result = host.result();
  REQUIRE(result.error);
  CHECK(result.error->code() == Code::plugin);
  CHECK(result.error->describe().find("not UTF-8") != std::string::npos);
  host.call("echo", 1);
  CHECK(host.result().value == Value(1));
}

TEST_CASE("what cannot be read is answered with its number") {
  ScriptedHost host(probe);
  host.begin();
  host.send_text(R"({"t":"call","id":77,"op":"call","method":"echo","input":{"$x":1}})");
  const auto result = host.expect<message::Result>();
  CHECK(result.id == 77);
  CHECK(result.error->code() == Code::invalid);
  host.send_text(R"({"t":"call","id":78,"op":"dance"})");
  CHECK(host.expect<message::Result>().error->code() == Code::unsupported);
  host.send_text(call_with_arena(79, "echo", 5, 0, 64));
  CHECK(host.expect<message::Result>().error->describe().find("arena 5 is unknown") != std::string::npos);
  host.call("echo", 1);
  CHECK(host.result().value == Value(1));
}

TEST_CASE("records and progress come while the call is open, and one that cannot be sent says so") {
  ScriptedHost host(probe);
  host.begin();
  host.call("talk");
  const auto log = host.expect<message::Log>();
  CHECK(log.id == host.last_id);
  CHECK(log.text == "hello");
  CHECK(log.fields == Value::map({{"n", 1}}));
  CHECK(host.expect<message::Progress>().fraction == 0.5);
  CHECK(host.expect<message::Progress>().fraction < 0);
  const auto odd = host.expect<message::Log>();
  CHECK(odd.level == MORTISE_LOG_ERROR);
  CHECK(odd.text == "odd \xEF\xBF\xBD");
  CHECK(odd.fields.has("fields_refused"));
  CHECK(host.result().value.is_null());
}

TEST_CASE("the context and services are asked and answered, with absence and failure told apart") {
  ScriptedHost host(probe);
  host.begin();
  host.call("ask", "weather");
  auto request = host.expect<message::Request>();
  CHECK(request.what == message::Request::What::context);
  CHECK(request.call == host.last_id);
  CHECK(request.key == "weather");
  host.send(message::Reply{request.id, Value::list({1}), {}});
  CHECK(host.result().value == Value::list({1}));

  host.call("ask", "snow");
  request = host.expect<message::Request>();
  host.send(message::Reply{request.id, {}, Error(Code::not_found, "no such key")});
  CHECK(host.result().value == Value("absent"));

  host.call("service", 3);
  request = host.expect<message::Request>();
  CHECK(request.service == "models");
  CHECK(request.method == "find");
  CHECK(request.input == Value(3));
  host.send(message::Reply{request.id, {}, Error(Code::not_found, "no such model", "train one")});
  const auto failed = host.result();
  CHECK(failed.error->code() == Code::not_found);
  CHECK(failed.error->hint() == "train one");
}

TEST_CASE("a request whose answer does not come ends with the call's deadline, and the late answer harms nothing") {
  ScriptedHost host(probe);
  host.begin();
  host.call("ask", "weather", 50);
  const auto request = host.expect<message::Request>();
  const auto result = host.result();
  CHECK(result.error->code() == Code::timeout);
  host.send(message::Reply{request.id, 1, {}});
  host.call("echo", 2);
  CHECK(host.result().value == Value(2));
}

TEST_CASE("a cancelled call notices, one that ended is left alone, a deadline counts from receipt") {
  ScriptedHost host(probe);
  host.begin();
  host.call("wait");
  host.send(message::Cancel{host.last_id});
  CHECK(host.result().error->code() == Code::cancelled);
  host.send(message::Cancel{host.last_id});
  host.call("wait", {}, 30);
  CHECK(host.result().error->code() == Code::timeout);
  host.call("echo", 1);
  CHECK(host.result().value == Value(1));
}

TEST_CASE("several threads of a plugin may use the host at once") {
  ScriptedHost host(probe);
  host.begin();
  host.call("threads");
  int logs = 0;
  int requests = 0;
  for (;;) {
    const Message message = host.receive();
    if (std::holds_alternative<message::Log>(message)) ++logs;
    if (const auto* request = std::get_if<message::Request>(&message)) {
      ++requests;
      host.send(message::Reply{request->id, 1, {}});
    }
    if (std::holds_alternative<message::Result>(message)) break;
  }
  CHECK(logs == 200);
  CHECK(requests == 200);
}

TEST_CASE("a host that breaks the protocol ends the worker") {
  SUBCASE("with an answer to nothing") {
    ScriptedHost host(probe);
    host.begin();
    host.send(message::Reply{1, {}, {}});
    CHECK(host.wait_for_exit() == 76);
  }
  SUBCASE("with a second greeting") {
    ScriptedHost host(probe);
    host.begin();
    host.send(message::Hello{});
    CHECK(host.wait_for_exit() == 76);
  }
  SUBCASE("with a frame that is none") {
    ScriptedHost host(probe);
    host.begin();
    const std::array<std::byte, 16> zeros{};
    host.send_raw(zeros);
    CHECK(host.wait_for_exit() == 76);
  }
  SUBCASE("with a descriptor that must not be there") {
    ScriptedHost host(probe);
    host.begin();
    std::array<std::byte, 16> prefix{};
    write_prefix({11, 0, 1}, prefix);
    std::vector<std::byte> bytes(prefix.begin(), prefix.end());
    const std::string_view text = R"({"t":"bye"})";
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
    const std::array<int, 1> descriptors{0};
    host.send_raw(bytes, descriptors);
    CHECK(host.wait_for_exit() == 76);
  }
  SUBCASE("while the plugin waits for a reply") {
    ScriptedHost host(probe);
    host.begin();
    host.call("ask", "x");
    const auto request = host.expect<message::Request>();
    host.send(message::Reply{request.id + 1, {}, {}});
    host.wait_for_exit();
    CHECK(Probe::alive == 0);
  }
}

TEST_CASE("a host of another protocol version is told which one this is") {
  ScriptedHost host(probe);
  message::Hello hello;
  hello.protocol = 2;
  host.send(hello);
  CHECK(host.expect<message::Ready>().protocol == 1);
  host.hang_up();
  CHECK(host.opened() == MORTISE_UNSUPPORTED);
}

TEST_CASE("a host that goes before it speaks is not an accident") {
  ScriptedHost host(probe);
  host.hang_up();
  CHECK(host.opened() == MORTISE_CANCELLED);
}

TEST_CASE("a worker cut off at any byte of what it is sent ends cleanly") {
  MessageWriter writer;
  std::vector<std::byte> bytes;
  const auto add = [&](const Message& message) {
    const OutgoingFrame frame = writer.write(message);
    bytes.insert(bytes.end(), frame.head.begin(), frame.head.end());
    for (const data::Bytes& segment : frame.segments) bytes.insert(bytes.end(), segment.begin(), segment.end());
  };
  add(message::Hello{});
  add(message::Lifecycle{1, Verb::load, Value::map(), 0, {}});
  add(message::Call{2, MORTISE_OP_CALL, "echo", Value::bytes("abc"), 0, {}});
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    ScriptedHost host(probe);
    host.send_raw(std::span(bytes).first(length));
    host.hang_up();
    CHECK(Probe::alive == 0);
  }
}

TEST_CASE("the C door refuses what it cannot use") {
  mortise_worker* worker = nullptr;
  mortise_output error{};
  mortise_worker_options options{sizeof options, 0, 0, {}, {}};
  options.descriptor = -1;
  CHECK(mortise_worker_open(&options, &worker, &error) == MORTISE_INVALID);
  CHECK(Value::view(&error.value).at("message").as_string().find("not the stream socket") != std::string_view::npos);
  error.release(&error);
  options.size = 4;
  CHECK(mortise_worker_open(&options, &worker, nullptr) == MORTISE_INVALID);
  CHECK(mortise_worker_open(nullptr, &worker, nullptr) == MORTISE_INVALID);
  mortise_worker_close(nullptr);
}

TEST_CASE("a table that lacks what is required, or is of another contract, is refused at load") {
  const auto loaded = [](const mortise_plugin* table) {
    ScriptedHost host(table);
    host.greet();
    return host.lifecycle(Verb::load);
  };
  CHECK(loaded(nullptr).error->code() == Code::plugin);
  mortise_plugin table = *probe;
  table.abi_major = 99;
  CHECK(loaded(&table).error->code() == Code::unsupported);
  table = *probe;
  table.cleanup = nullptr;
  CHECK(loaded(&table).error->code() == Code::plugin);
  table = *probe;
  table.size = offsetof(mortise_plugin, cleanup);
  CHECK(loaded(&table).error->code() == Code::plugin);
  table = *probe;
  table.initialize = nullptr;
  table.start = nullptr;
  table.stop = nullptr;
  ScriptedHost host(&table);
  host.begin();
  CHECK(!host.lifecycle(Verb::initialize).error);
  CHECK(!host.lifecycle(Verb::start).error);
  CHECK(!host.lifecycle(Verb::stop).error);
}

}  // namespace
}  // namespace mortise::runtime::child
