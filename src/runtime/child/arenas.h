// Arenas: the shared memory that the host lent to this worker.
//
//   read arenas   hold input. Leaves read them in place; `drop` unmaps one when the last of its leaves is gone.
//   regions       parts of write arenas, asked for during a call and filled with its output; the host's again afterwards.
//
// The host may reuse what a call has read as soon as it is answered, but plugin.h promises that a retained leaf stays as it
// is. So leaves that outlive their call are made private before the answer goes out: their pages are copied and put in the
// place of the shared ones, at the same addresses.
//
// Locked inside: a plugin's threads and the thread that answers meet here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "data/wire.h"
#include "os/fd.h"
#include "os/memory_file.h"
#include "runtime/wire/message.h"

namespace mortise::runtime::child {

class Arenas final : public data::BulkReader, public data::BulkWriter {
 public:
  // Asks the host for a region of so many bytes. Throws Error{busy} when there is none.
  using Ask = std::function<data::ArenaPlace(std::uint64_t)>;
  explicit Arenas(Ask ask) : ask_(std::move(ask)) {}

  // Maps it. Throws Error{invalid} when the file is not sealed, smaller than announced, or the number is taken.
  void add(const message::Arena& arena, os::Fd file);
  void drop(std::uint32_t number) noexcept;

  // Input.
  data::Buffer resolve(const data::ArenaPlace& place) override;

  // Output.
  bool find(data::Bytes bytes, data::ArenaPlace& place) override;
  data::ArenaPlace put(data::Bytes bytes) override;
  // Memory of the worker's own for the output of this call.
  [[nodiscard]] std::span<std::byte> region(std::uint64_t size);

  // Whether leaves of this call's input are still held by somebody.
  [[nodiscard]] bool input_is_held();
  // Gives them memory of their own.
  void make_private();
  // Forgets the regions and the input of the call.
  void end_call() noexcept;

 private:
  struct Arena {
    os::Fd file;
    message::Access access;
    std::shared_ptr<os::Mapping> mapping;
  };
  // What a leaf holds: the mapping, and the mark that this part of it is in use.
  struct Use {
    std::shared_ptr<os::Mapping> mapping;
    std::span<const std::byte> bytes;
  };
  struct Region {
    data::ArenaPlace place;
    std::span<std::byte> bytes;
  };
  const Region& lend(std::uint64_t size);

  const Ask ask_;
  std::mutex mutex_;  // of all below
  std::map<std::uint32_t, Arena> arenas_;
  std::vector<std::weak_ptr<const Use>> uses_;  // of the call
  std::vector<Region> regions_;                 // of the call
  Region spare_{};                              // what is left of the region that put() fills
};

}  // namespace mortise::runtime::child
