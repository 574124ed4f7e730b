#include "runtime/launcher/spares.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "os/socket.h"
#include "runtime/zygote/request.h"

namespace mortise::runtime::launcher {

// Its cell ends when the launcher reaps it.
void Unborn::end() const noexcept { ::kill(holder > 0 ? holder : pid, SIGKILL); }

std::optional<Unborn> Spare::take(sandbox::Layers layers, std::uint64_t group) {
  usual_ = layers;
  asked_ = true;
  if (group != 0 && group == berth_.group) berth_ = {};
  if (!unborn_) return std::nullopt;
  if (unborn_->layers == layers) return std::exchange(unborn_, std::nullopt);
  if (group != 0 && group == unborn_->group) lose();
  return std::nullopt;
}

void Spare::keep(Unborn unborn) {
  unborn_ = std::move(unborn);
  enter();
}

void Spare::lend(Berth berth) {
  berth_ = std::move(berth);
  enter();
}

void Spare::enter() noexcept {
  if (!unborn_ || unborn_->group != 0 || berth_.group == 0) return;
  const Berth berth = std::exchange(berth_, {});
  std::vector<int> doors;
  for (const os::Fd& door : berth.doors) doors.push_back(door.get());
  try {
    os::send_all(unborn_->line.get(), zygote::write_entrance(doors.size()), doors, std::chrono::seconds(1));
    unborn_->group = berth.group;
  } catch (const Error& error) {
    std::fprintf(stderr, "mortise-launcher: a worker ahead has no group: %s\n", error.what());
  }
}

void Spare::lose() noexcept {
  if (unborn_) unborn_->end();
  unborn_.reset();
}

}  // namespace mortise::runtime::launcher
