// ScriptedHost: the other end of a worker's socket, for tests. It says what a test tells it to, and shows what came.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "mortise/worker.h"
#include "os/memory_file.h"
#include "os/socket.h"
#include "runtime/wire/message.h"

namespace mortise::runtime::child {

// The JSON of a call whose input is a tensor in a read arena.
inline std::string call_with_arena(std::uint64_t id, std::string_view method, std::uint32_t arena, std::uint64_t offset,
                                   std::uint64_t size) {
  return R"({"t":"call","id":)" + std::to_string(id) + R"(,"op":"call","method":")" + std::string(method) +
         R"(","input":{"$tensor":{"dtype":"UINT8","shape":[)" + std::to_string(size) + R"(],"data":{"arena":)" +
         std::to_string(arena) + R"(,"offset":)" + std::to_string(offset) + R"(,"size":)" + std::to_string(size) +
         "}}}}";
}

class ScriptedHost final : public data::BulkReader {
 public:
  // Starts a worker on a thread of this process, with this plugin.
  explicit ScriptedHost(const mortise_plugin* plugin) {
    auto [ours, theirs] = os::socket_pair(os::SocketKind::stream);
    socket_ = std::move(ours);
    worker_ = std::thread([plugin, descriptor = theirs.release(), this] {
      const mortise_worker_options options{sizeof options, descriptor, 0, {"test 1", 6}, {"c", 1}};
      mortise_worker* worker = nullptr;
      opened_ = mortise_worker_open(&options, &worker, nullptr);
      if (opened_ == MORTISE_OK) exit_status_ = mortise_worker_serve(worker, plugin);
    });
  }
  ~ScriptedHost() override {
    if (worker_.joinable()) hang_up();
  }

  void send(const Message& message, std::vector<int> descriptors = {}) {
    const OutgoingFrame frame = writer_.write(message);
    std::vector<std::byte> bytes(frame.head.begin(), frame.head.end());
    for (const data::Bytes& segment : frame.segments) bytes.insert(bytes.end(), segment.begin(), segment.end());
    send_raw(bytes, descriptors);
  }
  void send_raw(std::span<const std::byte> bytes, std::span<const int> descriptors = {}) {
    REQUIRE(os::send_all(socket_.get(), bytes, descriptors, std::chrono::seconds(10)));
  }
  // A frame around JSON as it is.
  void send_text(std::string_view header) {
    std::vector<std::byte> bytes(frame_prefix_size + header.size());
    write_prefix({static_cast<std::uint32_t>(header.size()), 0, 0}, std::span(bytes).first<frame_prefix_size>());
    std::memcpy(bytes.data() + frame_prefix_size, header.data(), header.size());
    send_raw(bytes);
  }

  Message receive() {
    for (;;) {
      if (const auto frame = decoder_.next()) return reader_.read(*frame, this);
      REQUIRE(os::wait_readable(socket_.get(), std::chrono::seconds(10)));
      const os::Transfer transfer = os::receive_some(socket_.get(), decoder_.space(), descriptors_);
      REQUIRE(transfer.io == os::Io::done);
      decoder_.received(transfer.bytes);
    }
  }
  template <typename T>
  T expect() {
    Message message = receive();
    INFO("a message of type " << std::string(name_of(message)));
    REQUIRE(std::holds_alternative<T>(message));
    return std::get<T>(std::move(message));
  }

  void greet() {
    message::Hello hello;
    hello.host = "test";
    hello.plugin_id = "probe";
    send(hello);
    CHECK(expect<message::Ready>().sdk == "test 1");
  }
  // Greets and loads.
  void begin() {
    greet();
    CHECK(!lifecycle(Verb::load).error);
  }
  message::Result lifecycle(Verb verb, Value config = Value::map()) {
    send(message::Lifecycle{++last_id, verb, std::move(config), 0, {}});
    return expect<message::Result>();
  }
  void call(std::string method, Value input = {}, std::int64_t timeout_ms = 0) {
    send(message::Call{++last_id, MORTISE_OP_CALL, std::move(method), std::move(input), timeout_ms, {}});
  }
  message::Result result() {
    auto result = expect<message::Result>();
    CHECK(result.id == last_id);
    return result;
  }

  // Shared memory: this host maps all of it writable.
  std::byte* add_arena(std::uint32_t number, std::uint64_t size, message::Access access) {
    const os::Fd file = os::make_memory_file("test", size);
    os::Mapping mapping = os::map(file, size, os::Access::write);
    std::byte* data = mapping.data();
    os::seal(file, access == message::Access::read ? os::Seals::size_and_future_write : os::Seals::size);
    send(message::Arena{number, size, access}, {file.get()});
    arenas_[number] = std::make_shared<os::Mapping>(std::move(mapping));
    return data;
  }
  data::Buffer resolve(const data::ArenaPlace& place) override {
    const auto& mapping = arenas_.at(place.arena);
    REQUIRE(place.offset + place.size <= mapping->size());
    named.push_back(place);
    return {{mapping->data() + place.offset, place.size}, mapping};
  }

  void hang_up() {
    socket_.close();
    worker_.join();
  }
  // Ends the worker in words; returns what it exits with.
  int end() {
    send(message::Bye{});
    worker_.join();
    return exit_status_;
  }
  int wait_for_exit() {
    worker_.join();
    return exit_status_;
  }
  [[nodiscard]] mortise_status opened() const noexcept { return opened_; }

  std::uint64_t last_id = 0;
  std::vector<data::ArenaPlace> named;  // places that the worker's messages named

 private:
  os::Fd socket_;
  FrameDecoder decoder_;
  MessageReader reader_{From::worker};
  MessageWriter writer_;
  std::vector<os::Fd> descriptors_;
  std::map<std::uint32_t, std::shared_ptr<os::Mapping>> arenas_;
  mortise_status opened_ = -1;
  int exit_status_ = -1;
  std::thread worker_;
};

}  // namespace mortise::runtime::child
