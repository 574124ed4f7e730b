// Grants: what the operator decided about plugins: permissions granted and revoked, limits, trust; who did and when.
//
// Kept in the database, and in memory, so that asking costs a look-up. A decision holds from the next call on; whoever
// changes one lets the plugin's warm workers go (runtime.h). They are kept by the plugin's id, whether it is there or not:
// one that is installed again finds them. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "plugin/allowed.h"

namespace mortise::store {
class Database;
}

namespace mortise::plugin {

class Grants {
 public:
  Grants(store::Database& database, PermissionPolicy policy);

  // Each is durable when it returns. A plain permission that is revoked takes those of its kind with details along.
  void decide(const std::string& plugin, const Permission& permission, Verdict verdict, const std::string& by);
  void trust(const std::string& plugin, Verdict verdict, const std::string& by);
  // Sets those that are there in `choice`; `cleared` go back to what the plugin says. Names as in limit_names().
  void limit(const std::string& plugin, const LimitChoice& choice, const std::vector<std::string>& cleared,
             const std::string& by);
  // Everything that was decided about a plugin goes.
  void forget(const std::string& plugin);

  [[nodiscard]] Decisions of(const std::string& plugin) const;
  [[nodiscard]] Allowed allowed(const Descriptor& descriptor) const;
  [[nodiscard]] PermissionPolicy policy() const noexcept { return policy_; }
  void set_policy(PermissionPolicy policy) noexcept {
    policy_ = policy;
    ++generation_;
  }
  // Another number after every change, so that what was worked out can be kept until then.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

 private:
  store::Database& database_;
  std::atomic<PermissionPolicy> policy_;
  std::atomic<std::uint64_t> generation_{1};
  std::mutex changing_;  // one change at a time, so that memory and database agree
  mutable std::mutex mutex_;
  std::map<std::string, Decisions, std::less<>> decisions_;  // by plugin
};

// "memory", "processors", "deadline", "processes", "open_files".
[[nodiscard]] const std::vector<std::string>& limit_names();
// Reads "memory=1GiB", "processors=0.5", "deadline=5m", "processes=50", "open_files=1024" into `choice`. Error{invalid}.
void read_limit(std::string_view text, LimitChoice& choice);

}  // namespace mortise::plugin
