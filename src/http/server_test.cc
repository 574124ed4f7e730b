// The server from outside: plain sockets, and bytes that no well-behaved client would send.
#include "http/server.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "http/openapi.h"

using namespace mortise;
using namespace mortise::http;
using namespace std::chrono_literals;

namespace {

class Client {
 public:
  explicit Client(const Endpoint& endpoint) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  explicit Client(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  [[nodiscard]] bool connected() const { return connected_; }
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Reads until `text` was seen, the server closed, or the time is over.
  std::string read_until(std::string_view text, std::chrono::milliseconds time = 5s) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (text.empty() || seen_.find(text) == std::string::npos) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd ready{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) break;
      char bytes[65536];
      const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
      if (size <= 0) {
        closed_ = true;
        break;
      }
      seen_.append(bytes, static_cast<std::size_t>(size));
    }
    return seen_;
  }
  std::string read_all(std::chrono::milliseconds time = 5s) { return read_until({}, time); }
  [[nodiscard]] bool closed() const { return closed_; }
  void shut() const { ::shutdown(socket_, SHUT_RDWR); }

 private:
  int socket_;
  bool connected_ = false;
  bool closed_ = false;
  std::string seen_;
};

Route route(Method method, std::string pattern, Handler handler, Work work = Work::blocking, Scope scope = Scope::use) {
  Route made{.method = method,
             .pattern = pattern,
             .id = std::string(name_of(method)) + pattern,
             .tag = "test",
             .summary = "A test",
             .response = schema::anything(),
             .scope = scope,
             .work = work,
             .handler = std::move(handler)};
  if (pattern.find("{id}") != std::string::npos) made.parameters.push_back({"id", "which", schema::string()});
  return made;
}

struct Fixture {
  Fixture() {
    router.add(route(Method::get, "/hello", answering([](const Request&) {
                       return Response::json(Value::map({{"hello", 1}}));
                     }),
                     Work::quick));
    router.add(route(Method::get, "/items/{id}", answering([](const Request& request) {
                       return Response::text(std::string(request.variable("id")), "text/plain");
                     })));
    router.add(route(Method::post, "/echo",
                     answering([](const Request& request) { return Response::text(request.body, "text/plain"); })));
    router.add(
        route(Method::post, "/json", answering([](const Request& request) { return Response::json(request.json()); })));
    router.add(route(
        Method::get, "/throws", answering([](const Request&) -> Response {
          throw Error(Code::timeout, "too slow", "hurry").with("limit", "1").because(Error(Code::plugin, "inner"));
        })));
    router.add(
        route(Method::get, "/breaks", answering([](const Request&) -> Response { throw std::runtime_error("oops"); })));
    router.add(route(Method::get, "/forgets", [](const Request&, const Responder&) {}));
    router.add(route(Method::get, "/slow", answering([](const Request&) {
                       std::this_thread::sleep_for(300ms);
                       return Response::text("done", "text/plain");
                     })));
    router.add(route(Method::get, "/stream", [this](const Request&, const Responder& answer) {
      Response response;
      response.content_type = "text/event-stream";
      response.heartbeat = ": \n\n";
      response.stream = [this](std::shared_ptr<Stream> opened) {
        opened->send("data: first\n\n");
        opened->on_closed([this] { closed.store(true); });
        const std::lock_guard lock(mutex);
        stream = std::move(opened);
      };
      answer(std::move(response));
    }));
    router.add(route(Method::put, "/operator", answering([](const Request&) { return Response::json(Value::map()); }),
                     Work::blocking, Scope::operate));
    options.listen = {{"127.0.0.1", 0}};
    options.max_body = 1000;
    options.heartbeat = 50ms;
  }
  ~Fixture() {
    if (server) server->stop(1s);
    const std::lock_guard lock(mutex);
    stream.reset();
  }
  const Endpoint& start() {
    ServerEvents events;
    events.answered = [this](const ServerEvents::Answered&) { ++answered; };
    events.failed = [this](const Error&) { ++failed; };
    server.emplace(router, options, events);
    server->start();
    return server->endpoints().front();
  }
  std::string ask(const std::string& request) {
    Client client(server->endpoints().front());
    client.send(request);
    return client.read_all();
  }
  std::string get(const std::string& path) {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  std::shared_ptr<Stream> opened() {
    for (int i = 0; i < 500; ++i) {
      {
        const std::lock_guard lock(mutex);
        if (stream != nullptr) return stream;
      }
      std::this_thread::sleep_for(10ms);
    }
    return nullptr;
  }

  Router router;
  ServerOptions options;
  std::atomic<int> answered = 0, failed = 0;
  std::atomic<bool> closed = false;
  std::mutex mutex;
  std::shared_ptr<Stream> stream;
  std::optional<Server> server;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a request is answered, and its id may hold a slash") {
  start();
  const std::string answer = get("/hello");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.ends_with("\r\n\r\n{\"hello\":1}"));
  CHECK(get("/items/acme%2Fresize").ends_with("\r\n\r\nacme/resize"));
  CHECK(ask(post("/echo", "abc")).ends_with("\r\n\r\nabc"));
  CHECK(answered == 3);
}

TEST_CASE_FIXTURE(Fixture, "pipelined requests are answered in their order on one connection") {
  Client client(start());
  const std::string host = " HTTP/1.1\r\nHost: localhost\r\n";
  client.send("GET /slow" + host + "\r\nGET /items/2" + host + "\r\nPOST /echo" + host +
              "Content-Length: 5\r\n\r\nthreeGET /items/4" + host + "Connection: close\r\n\r\n");
  const std::string all = client.read_all();
  const auto first = all.find("done"), second = all.find("\r\n\r\n2"), third = all.find("three"),
             fourth = all.find("\r\n\r\n4");
  REQUIRE(fourth != std::string::npos);
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third < fourth);
}

TEST_CASE_FIXTURE(Fixture, "HEAD answers the header of GET, OPTIONS and 405 tell what is allowed") {
  start();
  const std::string head = ask("HEAD /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(has(head, "Content-Length: 11\r\n"));
  CHECK(head.ends_with("\r\n\r\n"));
  const std::string options_answer = ask("OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(options_answer.starts_with("HTTP/1.1 204"));
  CHECK(has(options_answer, "Allow: GET, HEAD, OPTIONS\r\n"));
  const std::string wrong = ask("DELETE /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(wrong.starts_with("HTTP/1.1 405"));
  CHECK(has(wrong, "Allow: GET, HEAD, OPTIONS\r\n"));
  CHECK(ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 204"));
  CHECK(get("/nowhere").starts_with("HTTP/1.1 404"));
  CHECK(ask("TRACE /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 501"));
}

TEST_CASE_FIXTURE(Fixture, "an error that a handler throws becomes the one error body") {
  start();
  const std::string answer = get("/throws");
  CHECK(answer.starts_with("HTTP/1.1 504"));
  CHECK(has(answer, R"("error":"too slow")"));
  CHECK(has(answer, R"("code":"timeout")"));
  CHECK(has(answer, R"("hint":"hurry")"));
  CHECK(has(answer, R"("details":{"limit":"1"})"));
  CHECK(has(answer, R"("cause":[{"message":"inner","code":"plugin"}])"));
  CHECK(failed == 0);
  CHECK(get("/breaks").starts_with("HTTP/1.1 500"));
  CHECK(failed == 1);
  CHECK(get("/forgets").starts_with("HTTP/1.1 500"));
}

TEST_CASE_FIXTURE(Fixture, "broken JSON is answered with its line and column") {
  start();
  const std::string answer = ask(post("/json", "{\"a\": 1,\n \"b\": x}"));
  CHECK(answer.starts_with("HTTP/1.1 400"));
  CHECK(has(answer, R"("line":"2")"));
  CHECK(has(answer, R"("column":")"));
  CHECK(ask(post("/json", "{\"a\": 1}")).ends_with("{\"a\":1}"));
  CHECK(ask(post("/json", "")).ends_with("null"));
}

TEST_CASE_FIXTURE(Fixture, "a body beyond the limit is refused before it is read") {
  start();
  CHECK(
      ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n").starts_with("HTTP/1.1 413"));
  CHECK(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n")
            .starts_with("HTTP/1.1 400"));
  CHECK(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(ask(post("/echo", std::string(1001, 'x'))).starts_with("HTTP/1.1 413"));
  CHECK(ask(post("/echo", std::string(1000, 'x'))).starts_with("HTTP/1.1 200"));
}

TEST_CASE_FIXTURE(Fixture, "chunks are counted, and a bomb of them is refused") {
  start();
  const std::string header =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(ask(header + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").ends_with("\r\n\r\nabcde"));
  std::string many = header;
  for (int i = 0; i < 1001; ++i) many += "1\r\nx\r\n";
  CHECK(ask(many).starts_with("HTTP/1.1 413"));
  CHECK(ask(header + "ffffffffffffffff\r\nx").starts_with("HTTP/1.1 4"));
  CHECK(ask(header + "zz\r\n").starts_with("HTTP/1.1 400"));
  CHECK(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc")
            .starts_with("HTTP/1.1 400"));
  CHECK(ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc")
            .starts_with("HTTP/1.1 400"));
}

TEST_CASE_FIXTURE(Fixture, "a flood of headers is refused") {
  start();
  std::string flood = "GET /hello HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 3000; ++i) flood += "X-" + std::to_string(i) + ": y\r\n";
  CHECK(ask(flood + "\r\n").starts_with("HTTP/1.1 431"));
  CHECK(ask("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n").starts_with("HTTP/1.1 431"));
}

TEST_CASE_FIXTURE(Fixture, "garbage is answered or dropped, and the server goes on") {
  start();
  CHECK(ask("hello\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(ask("GET /hello HTTP/7.7\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(ask("GET /%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(ask("GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(ask("GET /hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 403"));
  ask(std::string(5000, '\0'));
  {
    Client gone(server->endpoints().front());
    gone.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
  }
  CHECK(get("/hello").starts_with("HTTP/1.1 200"));
}

TEST_CASE_FIXTURE(Fixture, "a client that sends its header one byte at a time is cut off") {
  options.header_timeout = 200ms;
  Client client(start());
  client.send("G");
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<bool> stop = false;
  std::thread drip([&] {
    for (const char c : std::string(1000, 'E')) {
      if (stop || !client.send({&c, 1})) break;
      std::this_thread::sleep_for(20ms);
    }
  });
  client.read_all();
  stop = true;
  drip.join();
  CHECK(client.closed());
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
}

TEST_CASE_FIXTURE(Fixture, "a body that stalls is cut off, and so is an idle connection") {
  options.stall_timeout = 200ms;
  options.idle_timeout = 200ms;
  const Endpoint& endpoint = start();
  Client stalled(endpoint), idle(endpoint);
  stalled.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc");
  stalled.read_all(3s);
  idle.read_all(3s);
  CHECK(stalled.closed());
  CHECK(idle.closed());
}

TEST_CASE_FIXTURE(Fixture, "Expect: 100-continue is met") {
  Client client(start());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: "
      "3\r\n\r\n");
  CHECK(has(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue"));
  client.send("abc");
  CHECK(client.read_all().ends_with("\r\n\r\nabc"));
}

TEST_CASE_FIXTURE(Fixture, "connections beyond the limit are told that the server is busy") {
  options.max_connections = 2;
  const Endpoint& endpoint = start();
  Client first(endpoint), second(endpoint);
  CHECK(eventually([&] { return server->connections() == 2; }));
  CHECK(get("/hello").starts_with("HTTP/1.1 503"));
  first.shut();
  second.shut();
  CHECK(eventually([&] { return get("/hello").starts_with("HTTP/1.1 200"); }));
}

TEST_CASE_FIXTURE(Fixture, "requests beyond the worker threads and their queue are refused, quick ones are not") {
  options.worker_threads = 1;
  options.max_queued = 1;
  const Endpoint& endpoint = start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<Client>(endpoint));
    clients.back()->send("GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  CHECK(get("/hello").starts_with("HTTP/1.1 200"));
  int done = 0, busy = 0;
  for (const auto& client : clients) {
    const std::string answer = client->read_all();
    done += answer.starts_with("HTTP/1.1 200") ? 1 : 0;
    busy += answer.starts_with("HTTP/1.1 503") ? 1 : 0;
  }
  CHECK(done >= 1);
  CHECK(busy >= 2);
  CHECK(done + busy == 5);
}

TEST_CASE_FIXTURE(Fixture, "a stream carries what is sent, heartbeats while it is silent, and its end") {
  Client client(start());
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(has(client.read_until("first"), "Transfer-Encoding: chunked"));
  CHECK(has(client.read_until(": \n\n"), ": \n\n"));
  const auto sender = opened();
  REQUIRE(sender != nullptr);
  CHECK(sender->send("data: second\n\n"));
  sender->end();
  const std::string all = client.read_all();
  CHECK(has(all, "e\r\ndata: second\n\n\r\n"));
  CHECK(all.ends_with("0\r\n\r\n"));
  CHECK(eventually([&] { return closed.load(); }));
  CHECK_FALSE(sender->send("late"));
}

TEST_CASE_FIXTURE(Fixture, "a stream notices that its reader left, and cuts off one that does not read") {
  options.stall_timeout = 300ms;
  const Endpoint& endpoint = start();
  {
    Client client(endpoint);
    client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.read_until("first");
  }
  CHECK(eventually([&] { return closed.load(); }));
  {
    const std::lock_guard lock(mutex);
    stream.reset();
  }
  closed = false;
  Client deaf(endpoint);
  deaf.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto sender = opened();
  REQUIRE(sender != nullptr);
  bool accepted = true;
  for (int i = 0; i < 10'000 && accepted; ++i) accepted = sender->send(std::string(10'000, 'x'));
  CHECK_FALSE(accepted);
  CHECK(eventually([&] { return closed.load(); }));
}

TEST_CASE_FIXTURE(Fixture, "stopping finishes the request in hand, ends streams, and closes the doors") {
  const Endpoint endpoint = start();
  Client busy(endpoint), idle(endpoint), listening(endpoint);
  listening.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  listening.read_until("first");
  busy.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  std::thread stopper([&] { server->stop(5s); });
  CHECK(has(busy.read_all(), "done"));
  CHECK(listening.read_all().ends_with("0\r\n\r\n"));
  idle.read_all();
  CHECK(idle.closed());
  stopper.join();
  CHECK_FALSE(Client(endpoint).connected());
}

TEST_CASE_FIXTURE(Fixture, "the Unix socket is the operator's, closed to others, and survives a stale file") {
  const auto folder = std::filesystem::temp_directory_path() / ("mortise-http-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  options.unix_socket = folder / "server.sock";
  options.listen.clear();
  std::filesystem::create_directories(folder);
  {
    std::FILE* stale = std::fopen(options.unix_socket.c_str(), "w");
    std::fclose(stale);
  }
  server.emplace(router, options);
  server->start();
  struct stat status {};
  REQUIRE(::stat(options.unix_socket.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  Client client(options.unix_socket);
  REQUIRE(client.connected());
  client.send("PUT /operator HTTP/1.1\r\nHost: anything\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  CHECK(client.read_all().starts_with("HTTP/1.1 200"));
  server->stop(1s);
  CHECK_FALSE(std::filesystem::exists(options.unix_socket));
  std::filesystem::remove_all(folder);
}

TEST_CASE_FIXTURE(Fixture, "over loopback the operator's routes are denied") {
  start();
  CHECK(ask("PUT /operator HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .starts_with("HTTP/1.1 403"));
}

TEST_CASE_FIXTURE(Fixture, "a port in use and an address for other machines are refused by name") {
  const Endpoint endpoint = start();
  ServerOptions twice;
  twice.listen = {endpoint};
  Server second(router, twice);
  try {
    second.start();
    FAIL("it listened twice on one port");
  } catch (const Error& error) {
    CHECK(error.code() == Code::conflict);
    CHECK(has(error.what(), url_of(endpoint)));
  }
  ServerOptions open;
  open.listen = {{"0.0.0.0", 0}};
  Server third(router, open);
  CHECK_THROWS_AS(third.start(), Error);
}
