// Shared memory as the worker library handles it, against a scripted host.
#include <doctest/doctest.h>

#include "data/tensor.h"
#include "runtime/child/probe.h"
#include "runtime/child/scripted_host.h"

namespace mortise::runtime::child {
namespace {

TEST_CASE("input in shared memory is read in place, and handed back by its place") {
  ScriptedHost host(probe);
  host.begin();
  std::byte* memory = host.add_arena(1, 1 << 20, message::Access::read);
  std::memset(memory, 5, 1 << 20);
  host.send_text(call_with_arena(++host.last_id, "echo", 1, 128, 100'000));
  const auto result = host.result();
  REQUIRE(host.named.size() == 1);
  CHECK(host.named[0] == data::ArenaPlace{1, 128, 100'000});
  CHECK(result.copied == 0);
  CHECK(data::tensor_bytes(result.value.as_tensor())[7] == std::byte{5});
}

TEST_CASE("a leaf that a plugin keeps stays as it was when the host writes there again") {
  ScriptedHost host(probe);
  host.begin();
  std::byte* memory = host.add_arena(1, 1 << 20, message::Access::read);
  std::memset(memory, 5, 1 << 20);
  host.send_text(call_with_arena(++host.last_id, "keep", 1, 64, 100'000));
  CHECK(!host.result().error);
  std::memset(memory, 6, 1 << 20);
  host.send_text(call_with_arena(++host.last_id, "echo", 1, 64, 100'000));
  const auto echoed = host.result();
  CHECK(data::tensor_bytes(echoed.value.as_tensor())[0] == std::byte{6});
  host.send(message::Drop{1});
  host.call("kept");
  CHECK(host.result().value == Value(500'000));
}

TEST_CASE("output made in memory of the host travels without a copy, other output is copied once") {
  ScriptedHost host(probe);
  host.begin();
  host.add_arena(2, 1 << 20, message::Access::write);
  host.call("fill", 200'000);
  auto request = host.expect<message::Request>();
  CHECK(request.what == message::Request::What::arena);
  CHECK(request.size == 200'000);
  const auto region = [](std::uint64_t offset, std::uint64_t size) {
    return Value::map(
        {{"arena", 2}, {"offset", static_cast<std::int64_t>(offset)}, {"size", static_cast<std::int64_t>(size)}});
  };
  host.send(message::Reply{request.id, region(4096, 200'000), {}});
  auto result = host.result();
  CHECK(host.named == std::vector{data::ArenaPlace{2, 4096, 200'000}});
  CHECK(result.copied == 0);
  CHECK(data::tensor_bytes(result.value.as_tensor())[199'999] == std::byte{9});

  host.call("make", 100'000);
  request = host.expect<message::Request>();
  CHECK(request.size >= 100'000);
  host.send(message::Reply{request.id, region(0, 1 << 20), {}});
  result = host.result();
  CHECK(result.copied == 100'000);
  CHECK(host.named.back() == data::ArenaPlace{2, 0, 100'000});

  host.call("make", 60'000);  // short enough to travel in the frame
  CHECK(host.result().copied == 0);
}

TEST_CASE("memory that the host refuses is the plugin's to hear, in a call and in a result") {
  ScriptedHost host(probe);
  host.begin();
  for (const char* method : {"fill", "make"}) {
    host.call(method, 200'000);
    const auto request = host.expect<message::Request>();
    host.send(message::Reply{request.id, {}, Error(Code::busy, "limits.memory is used up")});
    CHECK(host.result().error->code() == Code::busy);
  }
}

TEST_CASE("regions that cannot be are refused") {
  ScriptedHost host(probe);
  host.begin();
  host.add_arena(1, 1 << 20, message::Access::read);
  host.add_arena(2, 1 << 20, message::Access::write);
  const auto region = [](std::int64_t arena, std::int64_t offset, std::int64_t size) {
    return Value::map({{"arena", arena}, {"offset", offset}, {"size", size}});
  };
  for (const Value& lent :
       {region(9, 0, 200'000), region(1, 0, 200'000), region(2, 8, 200'000), region(2, 0, 100),
        region(2, 1 << 20, 200'000), region(2, 0, 2 << 20), region(-2, 0, 200'000), Value::map(), Value(1)}) {
    host.call("fill", 200'000);
    const auto request = host.expect<message::Request>();
    host.send(message::Reply{request.id, lent, {}});
    CHECK(host.result().error);
  }
}

TEST_CASE("an arena whose file could shrink ends the worker") {
  ScriptedHost host(probe);
  host.begin();
  const os::Fd file = os::make_memory_file("loose", 4096);
  host.send(message::Arena{1, 4096, message::Access::read}, {file.get()});
  CHECK(host.wait_for_exit() == 76);
}

TEST_CASE("an arena smaller than announced ends the worker") {
  ScriptedHost host(probe);
  host.begin();
  const os::Fd file = os::make_memory_file("small", 4096);
  os::seal(file, os::Seals::size);
  host.send(message::Arena{1, 8192, message::Access::write}, {file.get()});
  CHECK(host.wait_for_exit() == 76);
}

}  // namespace
}  // namespace mortise::runtime::child
