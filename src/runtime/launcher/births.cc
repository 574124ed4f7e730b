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

// It waits in the line until the child is there.
void send_birth(const Mother& mother, const os::Fd& line) {
  const auto& descriptors = mother.descriptors;
  std::vector<int> own;
  for (std::size_t i = 0; i < order_descriptors; ++i) own.push_back(descriptors[i].get());
  if (mother.way_out) own.push_back(mother.way_out.get());
  for (std::size_t i = order_descriptors; i < descriptors.size(); ++i) own.push_back(descriptors[i].get());
  std::vector<int> all;
  const zygote::BirthPlace place{mother.order.environment, mother.order.folder, mother.mark, static_cast<bool>(mother.way_out)};
  const std::vector<std::byte> packet = zygote::write_birth(place, mother.plan, own, all);
  if (all.size() > os::max_passed_descriptors) throw Error(Code::unsupported, "its files have too many owners");
  os::send_all(line.get(), packet, all, std::chrono::seconds(1));
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
  std::optional<Unborn> unborn = zygote.take_spare(mother.plan.layers);
  if (!unborn) {
    const sandbox::Cell cell = cells_.take(mother.plan.layers);
    unborn = zygote.fork_into(cell, mother.plan.layers);
    if (!unborn) cells_.destroy(cell.holder());
  }
  if (!unborn) {
    born.cold = "its zygote ended";
    return;
  }
  try {
    send_birth(mother, unborn->line);
  } catch (const Error& error) {
    born.cold = error.what();
    ::kill(unborn->holder > 0 ? unborn->holder : unborn->pid, SIGKILL);
    return;
  }
  born.pid = unborn->pid;
  born.holder = unborn->holder;
  born.report = std::move(unborn->line);
}

void Births::add_spare() noexcept {
  Zygote* zygote = zygotes_.wants_spare();
  if (zygote == nullptr) return;
  try {
    const sandbox::Cell cell = cells_.take(zygote->usual());
    if (auto spare = zygote->fork_into(cell, zygote->usual())) return zygote->keep_spare(std::move(*spare));
    cells_.destroy(cell.holder());
  } catch (const std::exception& error) {
    zygote->want_no_spare();
    std::fprintf(stderr, "mortise-launcher: no worker ahead: %s\n", error.what());
  }
}

void Births::run_program(const Mother& mother, Born& born) {
  auto [report, report_end] = os::socket_pair(os::SocketKind::packet);
  const sandbox::Cell cell = cells_.take(mother.plan.layers);
  const auto& descriptors = mother.descriptors;
  std::vector<int> doors;
  for (std::size_t i = order_descriptors; i < descriptors.size(); ++i) doors.push_back(descriptors[i].get());
  Birth birth{mother.order, mother.plan,
              {descriptors[0].get(), descriptors[1].get(), descriptors[2].get(), report_end.get(), doors, mother.way_out.get()}};
  try {
    born.pid = cell.start(&be_born, &birth);
  } catch (...) {
    cells_.destroy(cell.holder());
    throw;
  }
  born.holder = cell.holder();
  born.report = std::move(report);
}

}  // namespace mortise::runtime::launcher
