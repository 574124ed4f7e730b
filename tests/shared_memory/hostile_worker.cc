#include "hostile_worker.h"

#include <sys/socket.h>

#include <cstring>

#include "runtime/wire/frame.h"

namespace mortise::shared_memory {
namespace {

using runtime::FrameMark;
using runtime::Lane;

constexpr std::size_t offsets_at = 0, indices_at = 4096, bitmap_at = 8192, text_at = 12288;

void store(std::uint32_t* word, std::uint32_t value) noexcept {
  Lane::Word(*word).store(value, std::memory_order_seq_cst);
}

void poke(std::byte* memory, std::size_t at, std::uint32_t value) noexcept {
  std::memcpy(memory + at, &value, sizeof value);
}

// Numbers that tempt: boundaries, signs, and anything.
std::uint32_t tempting(Random& random) noexcept {
  constexpr std::uint32_t favourites[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 64U << 20, 0x10000, rows, rows + 1};
  const auto pick = random();
  return pick % 2 == 0 ? favourites[pick / 2 % std::size(favourites)] : static_cast<std::uint32_t>(random());
}

std::string place(std::uint32_t arena, std::size_t offset, std::size_t size) {
  return R"({"arena":)" + std::to_string(arena) + R"(,"offset":)" + std::to_string(offset) + R"(,"size":)" +
         std::to_string(size) + "}";
}

std::string column(const char* name, const char* format, const std::string& buffers, const std::string& more = {}) {
  return std::string(R"({"name":")") + name + R"(","format":")" + format + R"(","length":)" + std::to_string(rows) +
         R"(,"null_count":0,"buffers":[)" + buffers + "]" + more + "}";
}

std::string table(std::uint32_t arena) {
  const std::string text = "null," + place(arena, offsets_at, (rows + 1) * 4) + "," + place(arena, text_at, rows);
  const std::string entries = column("", "u", text);
  return R"({"$table":{"rows":)" + std::to_string(rows) + R"(,"columns":[)" + column("text", "u", text) + "," +
         column("number", "i", "null," + place(arena, indices_at, rows * 4)) + "," +
         column("flag", "b", "null," + place(arena, bitmap_at, (rows + 7) / 8)) + "," +
         column("word", "i", "null," + place(arena, indices_at, rows * 4), R"(,"dictionary":)" + entries) + "]}}";
}

// The compact header of a result of call 1.
std::string compact(char form, const std::string& value) {
  std::string head(24, '\0');
  head[0] = 2;
  head[2] = form;
  head[8] = 1;
  return head + value;
}

}  // namespace

void fill(std::byte* memory, std::size_t size) noexcept {
  std::memset(memory, 'm', size);
  for (std::uint32_t row = 0; row <= rows; ++row) poke(memory, offsets_at + row * 4, row);
  for (std::uint32_t row = 0; row < rows; ++row) poke(memory, indices_at + row * 4, row);
}

void scribble(std::byte* memory, std::size_t size, Random& random) noexcept {
  const std::size_t words = size / 4;
  const std::size_t used = std::min<std::size_t>(words, (text_at + rows) / 4);
  poke(memory, random() % (random() % 8 == 0 ? words : used) * 4, tempting(random));
}

HostileWorker::HostileWorker(runtime::RingMemory ring, std::vector<Arena> arenas, int socket, std::uint64_t seed)
    : ring_(std::move(ring)),
      arenas_(std::move(arenas)),
      socket_(socket),
      writer_([this, seed] { write_on(seed); }),
      scribbler_([this, seed] { scribble_on(seed ^ 0x5bd1e995U); }) {}

HostileWorker::~HostileWorker() {
  goes_ = true;
  writer_.join();
  scribbler_.join();
}

// A sound frame that a worker may send while call 1 is open.
std::string HostileWorker::frame(Random& random) const {
  const Arena& arena = arenas_[random() % arenas_.size()];
  std::string header, segments;
  switch (random() % 8) {
    case 0: header = R"({"t":"log","id":1,"level":"info","message":"so far","fields":{"n":[1,2.5,null,"x"]}})"; break;
    case 1: header = R"({"t":"progress","id":1,"fraction":0.5,"note":"half"})"; break;
    case 2:
      segments.assign(48, 's');
      header =
          R"({"t":"result","id":1,"status":"ok","value":{"$tensor":{"dtype":"INT32","shape":[3,4],"data":{"segment":0}}},"segments":[48]})";
      break;
    case 3: header = compact(1, std::string(random() % 300, 'c')); break;
    case 4: header = compact(0, table(arena.number)); break;
    default: header = R"({"t":"result","id":1,"status":"ok","value":)" + table(arena.number) + "}";
  }
  std::string bytes(runtime::frame_prefix_size, '\0');
  runtime::write_prefix({static_cast<std::uint32_t>(header.size()), static_cast<std::uint32_t>(segments.size()), 0},
                        std::as_writable_bytes(std::span(bytes)).first<runtime::frame_prefix_size>());
  return bytes + header + segments;
}

void HostileWorker::write_on(std::uint64_t seed) {
  Random random(static_cast<Random::result_type>(seed | 1U));
  const Lane lane = ring_.to_host();
  std::uint32_t written = 0;
  const auto put = [&](const void* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      lane.data[written++ & (lane.capacity - 1)] = static_cast<const std::byte*>(bytes)[i];
  };
  while (!goes_) {
    const std::string bytes = frame(random);
    if (written - lane.head().load() + bytes.size() > lane.capacity && random() % 4096 != 0) {
      std::this_thread::yield();
      continue;
    }
    if (random() % 64 == 0) {  // by the socket, announced or (rarely) not
      if (random() % 64 != 0) put(runtime::frame_mark(FrameMark::socket).data(), runtime::frame_prefix_size);
      lane.tail().store(written);
      (void)!::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      (void)!::send(socket_, runtime::frame_mark(FrameMark::ring).data(), runtime::frame_prefix_size,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    } else {
      put(bytes.data(), bytes.size());
      lane.tail().store(written);
    }
    if (random() % 32 == 0)
      (void)!::send(socket_, runtime::frame_mark(FrameMark::bell).data(), runtime::frame_prefix_size,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

void HostileWorker::scribble_on(std::uint64_t seed) {
  Random random(static_cast<Random::result_type>(seed | 1U));
  const Lane to_host = ring_.to_host();
  const Lane to_worker = ring_.to_worker();
  while (!goes_) {
    const auto pick = random() % 65536;
    if (pick < 1) {
      std::uint32_t* const words[] = {to_host.tail_word,   to_host.head_word,   to_host.asleep_word,
                                      to_worker.tail_word, to_worker.head_word, to_worker.asleep_word};
      store(words[random() % std::size(words)], tempting(random));
    } else if (pick < 8) {  // near where the writer writes and the host reads
      const std::uint32_t at = to_host.tail().load() - static_cast<std::uint32_t>(random() % 512);
      to_host.data[at & (to_host.capacity - 1)] = static_cast<std::byte>(random());
    } else {
      Arena& arena = arenas_[random() % arenas_.size()];
      scribble(arena.memory.data(), arena.memory.size(), random);
      if (random() % 16 == 0) fill(arena.memory.data(), arena.memory.size());
    }
  }
}

}  // namespace mortise::shared_memory
