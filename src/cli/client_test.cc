// The client against servers that answer as told, also badly.
#include "cli/client.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"

using namespace mortise;
using namespace mortise::cli;

namespace {

// Accepts one connection, reads the request, sends the pieces with pauses, and closes.
class ToldServer {
 public:
  explicit ToldServer(std::vector<std::string> pieces)
      : folder_(os::make_temporary_directory("/tmp/mortise-client-")), pieces_(std::move(pieces)) {
    listener_ = os::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 1) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~ToldServer() {
    thread_.join();
    std::filesystem::remove_all(folder_);
  }
  [[nodiscard]] std::string path() const { return folder_ + "/server.sock"; }
  [[nodiscard]] std::string request() { return request_; }

 private:
  void serve() {
    const os::Fd connection(::accept(listener_.get(), nullptr, nullptr));
    char bytes[4096];
    const ssize_t size = ::recv(connection.get(), bytes, sizeof bytes, 0);
    if (size > 0) request_.assign(bytes, static_cast<std::size_t>(size));
    for (const std::string& piece : pieces_) {
      ::send(connection.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::string folder_;
  std::vector<std::string> pieces_;
  os::Fd listener_;
  std::thread thread_;
  std::string request_;
};

}  // namespace

TEST_CASE("an answer is read however it is cut") {
  ToldServer server({"HTTP/1.1 200 OK\r\nContent-Le", "ngth: 7\r\n\r\n{\"a", "\":1}"});
  CHECK(Client(server.path(), nullptr).get("/x").at("a").as_int64() == 1);
}

TEST_CASE("an error answer is thrown as the error that it describes") {
  const std::string body =
      R"({"error":"no","code":"conflict","hint":"wait","details":{"pid":"7"},"cause":[{"message":"a","code":"busy"},{"message":"b","code":"plugin"}]})";
  ToldServer server({"HTTP/1.1 409 Conflict\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body});
  try {
    (void)Client(server.path(), nullptr).get("/x");
    FAIL("it was taken for an answer");
  } catch (const Error& error) {
    CHECK(error.code() == Code::conflict);
    CHECK(std::string(error.what()) == "no");
    CHECK(error.hint() == "wait");
    CHECK(error.detail("pid") == "7");
    REQUIRE(error.cause() != nullptr);
    CHECK(error.cause()->code() == Code::busy);
    REQUIRE(error.cause()->cause() != nullptr);
    CHECK(std::string(error.cause()->cause()->what()) == "b");
  }
}

TEST_CASE("the nested causes of a run's record are understood as well") {
  const Value body = Value::map(
      {{"message", "outer"}, {"code", "plugin"}, {"cause", Value::map({{"message", "inner"}, {"code", "timeout"}})}});
  const Error error = error_from(body);
  REQUIRE(error.cause() != nullptr);
  CHECK(error.cause()->code() == Code::timeout);
}

TEST_CASE("server-sent events arrive one by one, across chunks, comments left out") {
  const auto chunk = [](const std::string& text) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    return size + text + "\r\n";
  };
  ToldServer server({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk("id: 1\nevent: a\nda"),
                     chunk("ta: {\"x\":1}\n\n: comment\n\n"), chunk("event: b\ndata: one\ndata: two\n\n"),
                     "0\r\n\r\n"});
  std::vector<Client::Event> events;
  Client(server.path(), nullptr)
      .listen({.target = "/e"},
              {.event = [&](const Client::Event& event) { events.push_back(event); }, .signal = {}, .tick = {}});
  REQUIRE(events.size() == 2);
  CHECK(events[0].id == "1");
  CHECK(events[0].name == "a");
  CHECK(events[0].data == "{\"x\":1}");
  CHECK(events[1].data == "one\ntwo");
}

TEST_CASE("a server that goes away in the middle is an error, as is one that was never there") {
  {
    ToldServer server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"});
    CHECK_THROWS_AS((void)Client(server.path(), nullptr).get("/x"), Error);
  }
  {
    ToldServer server({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc"});
    CHECK_THROWS_AS(Client(server.path(), nullptr)
                        .listen({.target = "/e"}, {.event = [](const Client::Event&) {}, .signal = {}, .tick = {}}),
                    Error);
  }
  {
    ToldServer server({"garbage\r\n\r\n"});
    CHECK_THROWS_AS((void)Client(server.path(), nullptr).get("/x"), Error);
  }
  CHECK_FALSE(Client("/nowhere/server.sock", nullptr).reachable());
}
