// Cell: the namespaces of one confined process, and the small process that holds them.
//
// The holder is the first process of the pid namespace (its "init"): it sleeps, in an empty root, without rights and without
// descriptors, and reaps what loses its parent. So the confined process is not the first one, for which signals mean something
// else (abort() would not end it), and it stays the launcher's own child, whose end and usage the launcher sees itself. When
// the holder is killed, the kernel kills everything in the cell.
//
// A cell can be made ahead: of all layers, namespaces are the dearest. It serves one process, never a second one.
#pragma once

#include <sys/types.h>

#include <array>

#include "os/fd.h"
#include "runtime/sandbox/entry.h"
#include "runtime/sandbox/machine.h"

namespace mortise::runtime::sandbox {

class Cell {
 public:
  Cell() = default;  // none: the process stays in the namespaces of its maker
  // In a single-threaded process, about 0.5 ms. Throws Error{unsupported} with the reason.
  [[nodiscard]] static Cell make(const Machine& machine, Layers layers);

  // Starts a child of the calling process inside; `body` runs in it and never returns. Like fork(), and single-threaded like
  // it. Throws Error.
  pid_t start(void (*body)(void*) noexcept, void* argument) const;

  [[nodiscard]] bool exists() const noexcept { return holder_ > 0; }
  [[nodiscard]] pid_t holder() const noexcept { return holder_; }  // a child of the maker, which reaps it
  [[nodiscard]] Layers layers() const noexcept { return layers_; }
  // Whatever brings a way out into its network needs both. -1: it has none.
  [[nodiscard]] int network() const noexcept { return spaces_[1].get(); }
  [[nodiscard]] int users() const noexcept { return spaces_[0].get(); }
  [[nodiscard]] Spaces spaces() const noexcept;  // for whoever starts the process instead of start(); borrowed
  // Kills the holder and with it all that is in the cell.
  void destroy() const noexcept;

 private:
  void open_spaces(unsigned long flags);
  pid_t holder_ = 0;
  Layers layers_;
  std::array<os::Fd, space_kinds.size()> spaces_;
};

}  // namespace mortise::runtime::sandbox
