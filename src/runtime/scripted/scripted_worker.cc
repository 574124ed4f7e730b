// A worker for tests that does what the host asks it to, including everything that a worker must not do.
//
// It stands in for mortise-worker. `load` keeps its configuration: "at" names a verb (or "hello"), "do" what happens there.
// A call does what its method says; other operations echo their input.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "os/memory_file.h"
#include "os/socket.h"
#include "runtime/wire/message.h"

using namespace mortise;
using namespace mortise::runtime;

namespace {

class Worker final : public data::BulkReader {
 public:
  int run() {
    while (true) {
      Message message = receive();
      if (auto* hello = std::get_if<message::Hello>(&message)) {
        if (hello->plugin_entry == "silent") ::pause();
        if (hello->plugin_entry == "dies") return 7;
        if (hello->plugin_entry == "babbles") raw("HTTP/1.1 400 Bad Request\r\n\r\n");
        if (hello->plugin_entry == "future") return send(message::Ready{99, "scripted", "c++", ::getpid()}), ::pause();
        send(message::Ready{protocol_version, "scripted", "c++", ::getpid()});
      } else if (auto* verb = std::get_if<message::Lifecycle>(&message)) {
        lifecycle(*verb);
      } else if (auto* call = std::get_if<message::Call>(&message)) {
        id_ = call->id;
        answer(*call);
      } else if (std::holds_alternative<message::Bye>(message)) {
        return 0;
      }
    }
  }

  data::Buffer resolve(const data::ArenaPlace& place) override {
    const os::Mapping& mapping = arenas_.at(place.arena);
    if (!mapping.contains(mapping.data() + place.offset, place.size)) throw Error(Code::invalid, "outside");
    return {{mapping.data() + place.offset, place.size}, nullptr};
  }

 private:
  Message receive() {
    while (true) {
      if (const auto frame = decoder_.next()) {
        Message message = reader_.read(*frame, this);
        if (auto* arena = std::get_if<message::Arena>(&message)) {
          const os::Access access = arena->access == message::Access::write ? os::Access::write : os::Access::read;
          arenas_[arena->arena] = os::map(descriptors_.front(), arena->size, access);
          descriptors_.erase(descriptors_.begin());
          continue;
        }
        if (auto* drop = std::get_if<message::Drop>(&message)) {
          arenas_.erase(drop->arena);
          continue;
        }
        if (std::holds_alternative<message::Cancel>(message)) {
          cancelled_ = true;
          continue;
        }
        return message;
      }
      if (!os::wait_readable(3, std::chrono::hours(1))) ::_exit(9);
      fill();
    }
  }

  bool fill() {
    const os::Transfer got = os::receive_some(3, decoder_.space(), descriptors_);
    if (got.io == os::Io::closed) ::_exit(0);
    if (got.io == os::Io::done) decoder_.received(got.bytes);
    return got.io == os::Io::done;
  }

  void send(const Message& message) {
    const OutgoingFrame frame = writer_.write(message);
    std::string bytes(reinterpret_cast<const char*>(frame.head.data()), frame.head.size());
    for (const data::Bytes segment : frame.segments)
      bytes.append(reinterpret_cast<const char*>(segment.data()), segment.size());
    raw(bytes);
  }

  static void raw(std::string_view bytes, std::span<const int> descriptors = {}) {
    os::send_all(3, std::as_bytes(std::span(bytes)), descriptors, std::chrono::hours(1));
  }

  void result(Value value) {
    message::Result result;
    result.id = id_;
    result.value = std::move(value);
    send(result);
  }
  void fail(Error error) {
    message::Result result;
    result.id = id_;
    result.error = std::move(error);
    send(result);
  }

  void lifecycle(const message::Lifecycle& verb) {
    id_ = verb.id;
    if (verb.verb == Verb::load) {
      if (const Value* at = verb.config.find("at")) at_ = at->as_string();
      if (const Value* what = verb.config.find("do")) do_ = what->as_string();
    }
    const bool now = at_ == name_of(verb.verb);
    if (now && do_ == "fail") return fail(Error(Code::invalid, "no such database", "create it first"));
    if (now && do_ == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
    if (now && do_ == "die") ::_exit(4);
    if (now && do_ == "print") std::printf("printed at %s\n", at_.c_str());
    std::fflush(stdout);
    if (now && do_ == "mark") {
      const int file =
          ::open(std::string(std::getenv("TMPDIR")).append("/marks").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      (void)!::write(file, "x", 1);
      ::close(file);
    }
    result(Value());
  }

  Value ask(message::Request request) {
    request.id = ++requests_;
    request.call = id_;
    send(request);
    auto reply = std::get<message::Reply>(receive());
    if (reply.error) throw Error(*reply.error);
    return reply.value;
  }

  // A region of shared memory from the host, and where it is.
  std::pair<std::byte*, data::ArenaPlace> region(std::uint64_t size) {
    message::Request request;
    request.what = message::Request::What::arena;
    request.size = size;
    const Value place = ask(request);
    const data::ArenaPlace at{static_cast<std::uint32_t>(place.at("arena").as_int64()),
                              static_cast<std::uint64_t>(place.at("offset").as_int64()), size};
    return {arenas_.at(at.arena).data() + at.offset, at};
  }

  // A result whose value is bytes in shared memory.
  void result_at(const data::ArenaPlace& place) {
    frame("{\"t\":\"result\",\"id\":" + std::to_string(id_) +
          ",\"status\":\"ok\",\"value\":{\"$bytes\":{\"arena\":" + std::to_string(place.arena) +
          ",\"offset\":" + std::to_string(place.offset) + ",\"size\":" + std::to_string(place.size) + "}}}");
  }

  static std::string prefix(std::uint32_t header, std::uint32_t segments, std::uint16_t descriptors = 0) {
    std::string bytes("MTSE");
    bytes.append(reinterpret_cast<const char*>(&header), 4).append(reinterpret_cast<const char*>(&segments), 4);
    bytes.append(reinterpret_cast<const char*>(&descriptors), 2).append(2, '\0');
    return bytes;
  }
  static void frame(const std::string& header) { raw(prefix(static_cast<std::uint32_t>(header.size()), 0) + header); }

  void answer(const message::Call& call) {
    const auto deed = deeds_.find(call.method);
    try {
      if (deed == deeds_.end()) return result(call.input);
      deed->second(call);
    } catch (const Error& error) {
      fail(error);
    }
  }

  // For tests that do something to a call that is under way.
  void say_begun() {
    message::Log log;
    log.id = id_;
    log.text = "begun";
    send(log);
  }

  static std::int64_t number(const message::Call& call) { return call.input.as_int64(); }

  using Deed = std::function<void(const message::Call&)>;
  const std::map<std::string, Deed> deeds_{
      {"pid", [this](auto&) { result(::getpid()); }},
      {"eat",  // so many bytes, kept for a moment
       [this](auto& call) {
         const auto size = static_cast<std::size_t>(number(call));
         std::vector<char> bytes(size, 'e');
         std::this_thread::sleep_for(std::chrono::milliseconds(400));
         result(static_cast<std::int64_t>(bytes[size / 2]));
       }},
      {"spin_ms",
       [this](auto& call) {
         const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(static_cast<int>(number(call)));
         while (std::chrono::steady_clock::now() < until) {
         }
         result(1);
       }},
      {"forks",  // how many of so many children could be made
       [this](auto& call) {
         std::vector<pid_t> made;
         for (int i = 0; i < static_cast<int>(number(call)); ++i) {
           const pid_t pid = ::fork();
           if (pid < 0) break;
           if (pid == 0) std::this_thread::sleep_for(std::chrono::hours(1)), ::_exit(0);
           made.push_back(pid);
         }
         std::this_thread::sleep_for(std::chrono::milliseconds(400));
         for (const pid_t pid : made) ::kill(pid, SIGKILL), ::waitpid(pid, nullptr, 0);
         result(static_cast<std::int64_t>(made.size()));
       }},
      {"sleep_ms",
       [this](auto& call) { std::this_thread::sleep_for(std::chrono::milliseconds(number(call))), result(true); }},
      {"loop_deaf",
       [this](auto&) {
         say_begun();
         sigset_t all;
         sigfillset(&all);
         sigprocmask(SIG_BLOCK, &all, nullptr);
         while (true) (void)::getppid();
       }},
      {"until_cancelled",
       [this](auto&) {
         say_begun();
         while (!cancelled_) {
           if (!fill()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
           while (const auto frame = decoder_.next()) {
             if (std::holds_alternative<message::Cancel>(reader_.read(*frame, this))) cancelled_ = true;
           }
         }
         cancelled_ = false;
         fail(Error(Code::cancelled, "stopped as asked"));
       }},
      {"fail",
       [this](auto&) {
         fail(Error(Code::conflict, "the table is locked", "wait").because(Error(Code::busy, "pid 7 has it")));
       }},
      {"exit", [](auto& call) { ::_exit(static_cast<int>(number(call))); }},
      {"abort",
       [](auto&) {
         std::fprintf(stderr, "assertion failed: rows > 0\n");
         ::abort();
       }},
      {"answer_and_exit", [this](auto&) { result("last words"), ::_exit(0); }},
      {"close", [](auto&) { ::close(3), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"garbage", [](auto&) { raw(std::string(100, '\x5a')), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"absurd_header", [](auto&) { raw(prefix(0xffffffff, 0)), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"absurd_segments",
       [](auto&) { raw(prefix(2, 0x7fffffff)), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"half_frame", [](auto&) { raw(prefix(1000, 0) + "{\"t\""), ::_exit(0); }},
      {"unknown_type", [](auto&) { frame("{\"t\":\"gossip\"}"), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"host_message", [](auto&) { frame("{\"t\":\"bye\"}"), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"no_json", [](auto&) { frame("{]"), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"other_id", [this](auto&) { id_ += 1000, result(1), std::this_thread::sleep_for(std::chrono::hours(1)); }},
      {"ask_without_reading",
       [this](auto&) {
         for (std::uint64_t i = 1;; ++i) {
           message::Request request;
           request.id = i;
           request.call = id_;
           request.key = std::string(1000, 'k');
           send(request);
         }
       }},
      {"answer_twice", [this](auto&) { result(1), result(2); }},
      {"descriptor",
       [](auto&) {
         const std::array one{1};
         raw(prefix(2, 0, 1) + "{}", one);
         std::this_thread::sleep_for(std::chrono::hours(1));
       }},
      {"print",
       [this](auto& call) {
         const std::string line(99, 'x');
         for (std::int64_t i = 0; i < number(call); i += 100) std::printf("%s\n", line.c_str());
         std::fflush(stdout);
         result(true);
       }},
      {"say",
       [this](auto&) {
         std::printf("to stdout\n");
         std::fflush(stdout);
         std::fprintf(stderr, "to stderr \xff\nunfinished");
         result(true);
       }},
      {"logs",
       [this](auto& call) {
         for (std::int64_t i = 0; i < number(call); ++i) {
           message::Log log;
           log.id = id_;
           log.text = "record " + std::to_string(i);
           log.fields = Value::map({{"i", i}});
           send(log);
         }
         for (int i = 1; i <= 100; ++i) send(message::Progress{id_, i / 100.0, "step " + std::to_string(i)});
         result(true);
       }},
      {"log_later",
       [this](auto&) {
         result(true);
         message::Log log;
         log.text = "between calls";
         std::this_thread::sleep_for(std::chrono::milliseconds(300));
         send(log);
       }},
      {"die_later",
       [this](auto&) { result(true), std::this_thread::sleep_for(std::chrono::milliseconds(50)), ::_exit(5); }},
      {"gossip_later",
       [this](auto&) { result(true), std::this_thread::sleep_for(std::chrono::milliseconds(50)), result(false); }},
      {"context",
       [this](auto& call) {
         message::Request request;
         request.key = call.input.as_string();
         result(ask(request));
       }},
      {"service",
       [this](auto& call) {
         message::Request request;
         request.what = message::Request::What::service;
         request.service = "clock";
         request.method = "wait_ms";
         request.input = call.input;
         result(ask(request));
       }},
      {"fill",
       [this](auto& call) {
         auto [bytes, place] = region(static_cast<std::uint64_t>(number(call)));
         std::memset(bytes, 'f', place.size);
         result_at(place);
       }},
      {"beyond",
       [this](auto& call) {
         auto [bytes, place] = region(static_cast<std::uint64_t>(number(call)));
         result_at({place.arena, place.offset, std::uint64_t{1} << 30});
       }},
      {"unknown_arena",
       [this](auto&) {
         result_at({77, 0, 64});
       }},
      {"first_and_last",
       [this](auto& call) {
         const std::string_view bytes = call.input.as_bytes();
         result(std::string{bytes.front(), bytes.back()});
       }},
      {"write_input",
       [this](auto& call) {
         const auto* bytes = call.input.as_bytes().data();
         const auto page = reinterpret_cast<std::uintptr_t>(bytes) & ~std::uintptr_t{4095};
         bool writable = false;
         for (const auto& [number, mapping] : arenas_) {
           writable = writable || ::mprotect(mapping.data(), mapping.size(), PROT_READ | PROT_WRITE) == 0;
         }
         result(Value::map({{"writable", writable}, {"page", static_cast<std::int64_t>(page)}}));
       }},
  };

  FrameDecoder decoder_;
  MessageReader reader_{From::host, {data::Sender::can_write, data::max_wire_values, ~std::uint64_t{0}}};
  MessageWriter writer_;
  std::vector<os::Fd> descriptors_;
  std::map<std::uint32_t, os::Mapping> arenas_;
  std::uint64_t id_ = 0;
  std::uint64_t requests_ = 0;
  bool cancelled_ = false;
  std::string at_, do_;
};

}  // namespace

int main() {
  try {
    return Worker().run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "scripted worker: %s\n", error.what());
    return 70;
  }
}
