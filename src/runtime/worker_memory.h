// WorkerMemory: the memory that the host and one worker share, and who may do what with it.
//
//   out   read arenas: segments of a RunMemory, announced to the worker the first time something in them is sent. What lies
//         there already is sent by naming it; anything else is copied there once. Calls without a run use a memory of this
//         worker's own, recycled from call to call.
//   in    write arenas: made here for this worker alone, up to its quota, and lent region by region during a call. The host
//         maps them read-only, copies what a result names, and takes everything back when the call ends.
//
// Used by one thread at a time, together with the worker's Channel.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "data/wire.h"
#include "os/memory_file.h"
#include "runtime/arena.h"
#include "runtime/wire/message.h"

namespace mortise::runtime {

class WorkerMemory final : public data::BulkWriter, public data::BulkReader {
 public:
  // The quota counts in whole pages.
  explicit WorkerMemory(std::uint64_t quota) : quota_(quota / 4096 * 4096) {}

  // A call begins; `run` may be null.
  void begin(std::shared_ptr<RunMemory> run);
  // Memory of runs that are over becomes something to drop. True while the worker still has memory of others.
  bool forget_ended_runs();
  // Nobody calls for a while: gives back the pages of everything that only this worker uses.
  void rest();
  // It ended: regions lent to the worker are the host's again, and what was copied out for it is let go.
  void end() noexcept;

  bool find(data::Bytes bytes, data::ArenaPlace& place) override;
  data::ArenaPlace put(data::Bytes bytes) override;
  data::Buffer resolve(const data::ArenaPlace& place) override;
  data::Block allocate(std::size_t size) override;

  // A region for the worker to write. Throws Error{busy} when its quota is used up, Error{invalid} for a size of 0.
  [[nodiscard]] data::ArenaPlace lend(std::uint64_t size);

  // What the worker must be told before the next message that names an arena.
  struct Announcement {
    message::Arena arena;
    int descriptor = -1;  // valid while the call lasts
  };
  [[nodiscard]] std::vector<Announcement> take_announcements();
  [[nodiscard]] std::vector<std::uint32_t> take_dropped();

  // Bytes that put() copied since begin().
  [[nodiscard]] std::uint64_t copied() const noexcept { return copied_; }
  [[nodiscard]] std::uint64_t quota() const noexcept { return quota_; }

 private:
  struct ReadArena {
    std::weak_ptr<RunMemory> run;
    std::uint64_t serial;
    std::uint32_t segment;
  };
  struct WriteArena {
    os::Fd file;
    os::Mapping mapping;
    std::uint64_t used = 0;
  };
  RunMemory& outgoing();
  std::uint32_t number_of(RunMemory& run, std::uint32_t segment);
  WriteArena& make_write_arena(std::uint64_t size);
  bool drop_idle_arenas();
  [[nodiscard]] data::ArenaPlace lend_from(std::uint32_t number, WriteArena& arena, std::uint64_t size);

  const std::uint64_t quota_;
  std::shared_ptr<RunMemory> run_;      // of the call
  std::shared_ptr<RunMemory> scratch_;  // of the worker
  std::map<std::uint32_t, ReadArena> readable_;
  std::map<std::uint32_t, std::shared_ptr<WriteArena>> writable_;
  std::uint64_t writable_bytes_ = 0;
  std::uint32_t last_number_ = 0;
  std::vector<std::shared_ptr<RunMemory::Block>> held_;
  std::vector<Announcement> announcements_;
  std::vector<std::uint32_t> dropped_;
  std::uint64_t copied_ = 0;
};

}  // namespace mortise::runtime
