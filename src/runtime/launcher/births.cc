#include "runtime/launcher/births.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "os/socket.h"
#include "runtime/launcher/child.h"
#include "runtime/zygote/request.h"

namespace mortise::runtime::launcher {
namespace {

using sandbox::Layer;

struct Birth {
  const Order& order;
  const sandbox::Plan& plan;
  zygote::BirthDescriptors descriptors;
};

void be_born(void* given) noexcept {
  const Birth& birth = *static_cast<const Birth*>(given);
  become_worker(birth.order, birth.plan, birth.descriptors);
}

// A process that was forked and ran no program keeps a way to its interpreter's file as the host has it (/proc/self/exe), past its
// own read-only root. Only the file's owner can do anything with that. Empty: it can be forked.
std::string why_no_zygote(const Mother& mother) {
  const Order& order = mother.order;
  if (!order.zygote) return order.why_no_zygote;
  if (!mother.plan.layers.has(Layer::closed_descriptors)) return "its policy leaves descriptors open";
  struct stat interpreter {};
  if (::stat(order.zygote->arguments.front().c_str(), &interpreter) != 0) return "its interpreter is missing";
  const uid_t user = mother.plan.user ? mother.plan.user->uid : ::geteuid();
  if (mother.plan.layers.has(Layer::private_root) && interpreter.st_uid == user) return "its interpreter belongs to the user that the worker has";
  return {};
}

// It waits in the line until the child is there. One that waits in its group already needs no doors to it.
void send_birth(const Mother& mother, const Unborn& unborn) {
  const auto& descriptors = mother.descriptors;
  std::vector<int> own;
  for (std::size_t i = 0; i < order_descriptors; ++i) own.push_back(descriptors[i].get());
  if (mother.way_out) own.push_back(mother.way_out.get());
  const bool is_inside = mother.order.group != 0 && mother.order.group == unborn.group;
  for (std::size_t i = order_descriptors; i < descriptors.size() && !is_inside; ++i) own.push_back(descriptors[i].get());
  std::vector<int> all;
  const auto& arguments = mother.order.arguments;
  const zygote::BirthPlace place{arguments, mother.order.environment, mother.order.folder, mother.mark, static_cast<bool>(mother.way_out)};
  const std::vector<std::byte> packet = zygote::write_birth(place, mother.plan, own, all);
  if (all.size() > os::max_passed_descriptors) throw Error(Code::unsupported, "its files have too many owners");
  if (!os::send_all(unborn.line.get(), packet, all, std::chrono::seconds(1))) throw Error(Code::busy, "what was forked ahead ended");
}

}  // namespace

Born Births::start(const Mother& mother) {
  Born born;
  born.cold = why_no_zygote(mother);
  if (born.cold.empty()) fork_from_zygote(mother, born);
  if (born.pid == 0) run_program(mother, born);
  return born;
}

void Births::fork_from_zygote(const Mother& mother, Born& born) {
  Zygote& zygote = zygotes_.of(*mother.order.zygote);
  if (!zygote.ready(born.cold)) return;
  std::optional<Unborn> unborn = zygote.spare().take(mother.plan.layers, mother.order.group);
  if (!unborn) {
    const sandbox::Cell cell = cells_.take(mother.plan.layers);
    unborn = zygote.fork_into(cell, mother.plan.layers);
    if (!unborn) cells_.destroy(cell.holder());
  }
  if (!unborn) {
    born.cold = "its zygote ended";
    return;
  }
  born.cold = tell(mother, std::move(*unborn), born);
}

// Tells it what it becomes; else ends it, and says why.
std::string Births::tell(const Mother& mother, Unborn unborn, Born& born) noexcept {
  try {
    send_birth(mother, unborn);
  } catch (const Error& error) {
    unborn.end();
    return error.what();
  }
  born.pid = unborn.pid;
  born.holder = unborn.holder;
  born.report = std::move(unborn.line);
  return {};
}

void Births::add_spare() noexcept {
  Zygote* zygote = zygotes_.wants_spare();
  Spare& spare = zygote != nullptr ? zygote->spare() : programs_;
  try {
    const sandbox::Cell cell = cells_.take(spare.usual());
    auto unborn = zygote != nullptr ? zygote->fork_into(cell, spare.usual()) : fork_program(cell, spare.usual());
    if (unborn) return spare.keep(std::move(*unborn));
    cells_.destroy(cell.holder());
  } catch (const std::exception& error) {
    spare.want_none();
    std::fprintf(stderr, "mortise-launcher: no worker ahead: %s\n", error.what());
  }
}

void Births::lend(const std::optional<ZygoteWords>& words, Berth berth) {
  (words ? zygotes_.of(*words).spare() : programs_).lend(std::move(berth));
}

bool Births::forget(pid_t pid) noexcept {
  if (!programs_.is(pid)) return zygotes_.forget(pid);
  programs_.lose();
  return true;
}

void Births::end_spare() noexcept { programs_.lose(); }

void Births::rest() noexcept {
  programs_.rest();
  zygotes_.rest();
}

void Births::run_program(const Mother& mother, Born& born) {
  if (mother.plan.layers.has(Layer::closed_descriptors)) {
    auto unborn = programs_.take(mother.plan.layers, mother.order.group);
    if (unborn && tell(mother, std::move(*unborn), born).empty()) return;
  }
  auto [report, report_end] = os::socket_pair(os::SocketKind::packet);
  const sandbox::Cell cell = cells_.take(mother.plan.layers);
  const auto& descriptors = mother.descriptors;
  std::vector<int> doors;
  for (std::size_t i = order_descriptors; i < descriptors.size(); ++i) doors.push_back(descriptors[i].get());
  Birth birth{mother.order, mother.plan,
              {descriptors[0].get(), descriptors[1].get(), descriptors[2].get(), report_end.get(), doors, mother.way_out.get()}};
  born.pid = start_in(cell, &be_born, &birth);
  born.holder = cell.holder();
  born.report = std::move(report);
}

std::optional<Unborn> Births::fork_program(const sandbox::Cell& cell, sandbox::Layers layers) {
  auto [line, its] = os::socket_pair(os::SocketKind::packet);
  int waits_at = its.get();
  const pid_t pid = start_in(cell, &wait_to_become_worker, &waits_at);
  return Unborn{pid, cell.holder(), layers, std::move(line), 0};
}

pid_t Births::start_in(const sandbox::Cell& cell, void (*body)(void*) noexcept, void* argument) {
  try {
    return cell.start(body, argument);
  } catch (...) {
    cells_.destroy(cell.holder());
    throw;
  }
}

}  // namespace mortise::runtime::launcher
