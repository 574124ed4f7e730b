// fuzz_shm [MESSAGES, default 50000] [SEED]: the host reads so many messages from a worker that changes everything under it.
//
// The host's own Channel and WorkerMemory read; a HostileWorker writes and scribbles from two threads, and the host's thread
// scribbles itself at every step between a check and a use. Whatever is accepted must keep every promise of a table while the
// scribbling goes on. Built with the address sanitizer (make fuzz-shm) it must say nothing.
#include <fcntl.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/error.h"
#include "data/table.h"
#include "hostile_worker.h"
#include "os/socket.h"
#include "runtime/channel.h"
#include "runtime/worker_memory.h"

namespace {

namespace data = mortise::data;
namespace runtime = mortise::runtime;
using mortise::Error;
using mortise::shared_memory::Arena;
using mortise::shared_memory::HostileWorker;
using mortise::shared_memory::Random;

mortise::os::Fd again(int descriptor) { return mortise::os::Fd(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)); }

// The host's memory, with somebody who writes into it whenever the decoder turns its back.
class Meddled final : public data::BulkReader {
 public:
  Meddled(runtime::WorkerMemory& memory, std::vector<Arena>& arenas, Random& random)
      : memory_(memory), arenas_(arenas), random_(random) {}
  data::Buffer resolve(const data::ArenaPlace& place) override {
    data::Buffer found = memory_.resolve(place);
    meddle();
    return found;
  }
  data::Block allocate(std::size_t size) override {
    meddle();
    return memory_.allocate(size);
  }

 private:
  void meddle() {
    Arena& arena = arenas_[random_() % arenas_.size()];
    if (random_() % 8 == 0) mortise::shared_memory::scribble(arena.memory.data(), arena.memory.size(), random_);
  }
  runtime::WorkerMemory& memory_;
  std::vector<Arena>& arenas_;
  Random& random_;
};

struct Tally {
  std::uint64_t messages = 0, tables = 0, refused = 0, broken = 0, connections = 0;
};

// What was accepted stays true, and can be sent on.
void prove(const runtime::Message& message, Tally& tally) {
  const auto* result = std::get_if<runtime::message::Result>(&message);
  if (result == nullptr) return;
  if (result->refused) {
    ++tally.refused;
    return;
  }
  if (!result->value.is(mortise::Kind::table)) return;
  const mortise_table& leaf = result->value.as_table();
  for (data::Column& column : data::table_columns(leaf)) data::check_column(column, data::row_count(leaf));
  runtime::MessageWriter writer;
  (void)writer.write(message);
  ++tally.tables;
}

// One connection, from its beginning to the first broken frame.
class Connection {
 public:
  explicit Connection(std::uint64_t seed) : random_(static_cast<Random::result_type>(seed | 1U)) {
    auto [mine, its] = mortise::os::socket_pair(mortise::os::SocketKind::stream);
    its_ = std::move(its);
    channel_ = std::make_unique<runtime::Channel>(std::move(mine));
    runtime::RingMemory ring = runtime::RingMemory::make(16U << 10);
    memory_.begin(nullptr);
    for (int i = 0; i < 2; ++i) (void)memory_.lend(i == 0 ? 32U << 10 : 1U << 20);
    std::vector<Arena> for_worker;
    for (const auto& news : memory_.take_announcements()) {
      for (std::vector<Arena>* side : {&arenas_, &for_worker}) {
        side->push_back(
            {news.arena.arena, mortise::os::map(again(news.descriptor), news.arena.size, mortise::os::Access::write)});
      }
      mortise::shared_memory::fill(arenas_.back().memory.data(), 32U << 10);
    }
    worker_ = std::make_unique<HostileWorker>(runtime::RingMemory::of(again(ring.descriptor()), ring.capacity()),
                                              std::move(for_worker), its_.get(), random_());
    channel_->use_ring(std::move(ring), runtime::Channel::Futex::yes);
  }

  void read(Tally& tally, std::uint64_t wanted) {
    Meddled memory(memory_, arenas_, random_);
    ++tally.connections;
    try {
      while (tally.messages < wanted) {
        while (const auto message = channel_->next(&memory)) {
          ++tally.messages;
          prove_or_abort(*message, tally);
        }
        if (random_() % 64 == 0) channel_->send(runtime::message::Cancel{1});
        (void)channel_->receive(random_() % 4096 == 0 ? mortise::os::Wait::yes : mortise::os::Wait::no);
      }
    } catch (const Error& error) {
      if (error.code() != mortise::Code::invalid && error.code() != mortise::Code::busy) give_up(error);
      ++tally.broken;
    }
  }

 private:
  [[noreturn]] static void give_up(const Error& error) {
    std::fprintf(stderr, "fuzz_shm: %s\n", error.describe().c_str());
    std::abort();
  }
  static void prove_or_abort(const runtime::Message& message, Tally& tally) {
    try {
      prove(message, tally);
    } catch (const Error& error) {  // it was accepted and is not true any more
      give_up(error);
    }
  }

  Random random_;
  mortise::os::Fd its_;
  std::unique_ptr<runtime::Channel> channel_;
  runtime::WorkerMemory memory_{4U << 20};
  std::vector<Arena> arenas_;
  std::unique_ptr<HostileWorker> worker_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 50'000;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  Tally tally;
  while (tally.messages < wanted) Connection(seed * 1'000'003 + tally.connections).read(tally, wanted);
  std::printf(
      "fuzz_shm: %llu messages over %llu connections: %llu tables taken, %llu refused, %llu connections broken\n",
      static_cast<unsigned long long>(tally.messages), static_cast<unsigned long long>(tally.connections),
      static_cast<unsigned long long>(tally.tables), static_cast<unsigned long long>(tally.refused),
      static_cast<unsigned long long>(tally.broken));
  return tally.tables > 0 && tally.refused > 0 && tally.broken > 0 ? 0 : 1;
}
