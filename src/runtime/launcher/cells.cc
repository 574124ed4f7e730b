#include "runtime/launcher/cells.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/error.h"

namespace mortise::runtime::launcher {
namespace {

constexpr std::size_t stock_size = 3;

}  // namespace

sandbox::Cell Cells::make(sandbox::Layers layers) {
  sandbox::Cell cell = sandbox::Cell::make(machine_, layers);
  if (cell.exists()) holders_.insert(cell.holder());
  return cell;
}

sandbox::Cell Cells::take(sandbox::Layers layers) {
  usual_ = layers;
  failed_ = false;
  while (!stock_.empty()) {
    sandbox::Cell cell = std::move(stock_.front());
    stock_.pop_front();
    if (holds(cell.holder()) && cell.layers() == layers) return cell;
    destroy(cell.holder());
  }
  return make(layers);
}

bool Cells::wants_more() const noexcept {
  return !failed_ && sandbox::namespaces_of(usual_) != 0 && stock_.size() < stock_size;
}

void Cells::add() noexcept {
  try {
    stock_.push_back(make(usual_));
  } catch (const std::exception& error) {
    failed_ = true;  // whoever takes one hears of it
    std::fprintf(stderr, "mortise-launcher: no namespaces ahead: %s\n", error.what());
  }
}

void Cells::rest() noexcept {
  usual_ = {};
  for (const sandbox::Cell& cell : stock_) destroy(cell.holder());
  stock_.clear();
}

bool Cells::destroy(pid_t holder) noexcept { return holds(holder) && ::kill(holder, SIGKILL) == 0; }

void Cells::destroy_all() noexcept {
  stock_.clear();
  for (const pid_t holder : holders_) ::kill(holder, SIGKILL);
}

void Cells::forget(pid_t holder) noexcept {
  holders_.erase(holder);
  std::erase_if(stock_, [&](const sandbox::Cell& cell) { return cell.holder() == holder; });
}

// Launchers of several servers begin at different places of the range.
Users::Users(std::uint32_t first, std::uint32_t count)
    : first_(first), count_(count), next_(count == 0 ? 0 : static_cast<std::uint32_t>(::getpid()) * 97U % count) {}

std::optional<sandbox::User> Users::next() const noexcept {
  if (taken_.size() >= count_) return std::nullopt;
  std::uint32_t at = next_;
  while (taken_.contains(first_ + at)) at = (at + 1) % count_;
  return sandbox::User{first_ + at, first_ + at};
}

std::optional<sandbox::User> Users::take() noexcept {
  const auto user = next();
  if (!user) return std::nullopt;
  taken_.insert(user->uid);
  next_ = (user->uid - first_ + 1) % count_;
  return user;
}

}  // namespace mortise::runtime::launcher
