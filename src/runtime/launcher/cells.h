// Cells made ahead, so that a worker does not wait for its namespaces, and the users that workers get.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "runtime/sandbox/cell.h"

namespace mortise::runtime::launcher {

// Belongs to the one thread of the launcher.
class Cells {
 public:
  explicit Cells(const sandbox::Machine& machine) : machine_(machine) {}
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;

  // One with these layers: from the stock when they are what was asked for last, else made now.
  [[nodiscard]] sandbox::Cell take(sandbox::Layers layers);
  // Whether add() would make one more. Nothing is made ahead before the first was taken.
  [[nodiscard]] bool wants_more() const noexcept;
  void add() noexcept;  // about 0.5 ms
  void rest() noexcept;  // the stock goes, and comes back when one is taken

  [[nodiscard]] bool holds(pid_t pid) const noexcept { return holders_.contains(pid); }
  // Ends all that is in a cell. False: it had ended already.
  bool destroy(pid_t holder) noexcept;
  void destroy_all() noexcept;
  // A holder was reaped: nothing of its cell is left.
  void forget(pid_t holder) noexcept;

 private:
  sandbox::Cell make(sandbox::Layers layers);

  const sandbox::Machine& machine_;
  sandbox::Layers usual_;
  bool failed_ = false;
  std::deque<sandbox::Cell> stock_;
  std::set<pid_t> holders_;  // children of the launcher that were not reaped yet
};

// The numbers that workers get as users of their own, where the host is root.
class Users {
 public:
  Users(std::uint32_t first, std::uint32_t count);
  [[nodiscard]] std::optional<sandbox::User> take() noexcept;  // nothing: all are taken
  [[nodiscard]] std::optional<sandbox::User> next() const noexcept;  // whom take() would give
  void give_back(const sandbox::User& user) noexcept { taken_.erase(user.uid); }

 private:
  std::uint32_t first_, count_, next_;
  std::set<std::uint32_t> taken_;
};

}  // namespace mortise::runtime::launcher
