// Control groups: limits on memory, processes and processor time that hold for a process and all it starts.
//
// CgroupTree is the place where this process may make groups, found at run time: version 1 (one folder per controller), version
// 2 (one folder for all), or nowhere. It knows nothing of who goes into a group: whoever writes "0" into its doors does.
//
//   v1   <mount>/<own group>/mortise.<pid>-<start>/<name>   in each of memory, pids, cpu and cpuacct that can be written
//   v2   <own group>/mortise.<pid>-<start>/<name>; this process moves into <own group>/mortise.<pid>-<start>.host, because a
//        group with processes cannot give controllers to its children
//
// Groups that a dead process left are removed when the next one opens the tree, with what lives in them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "os/fd.h"

namespace mortise::os {

struct CgroupLimits {
  std::uint64_t memory = 0;     // bytes; 0: no limit
  std::uint32_t processes = 0;  // threads count, too; 0: no limit
  double processors = 0;        // 0.5: half of one; 0: no limit
};

struct CgroupUse {
  std::uint64_t memory_peak = 0;  // bytes
  std::uint64_t memory = 0;
  std::uint64_t oom_kills = 0;          // processes that were killed because memory was at its limit
  std::uint64_t refused_processes = 0;  // how often a process was not made because of the limit
  std::chrono::microseconds cpu{};
};

enum class CgroupVersion { none, v1, v2 };

// What groups of a tree can do. `why_not` says what stands in the way of the rest.
struct CgroupSupport {
  CgroupVersion version = CgroupVersion::none;
  bool memory = false, processes = false, cpu = false;
  std::string why_not;
};

// One folder of a group. In version 2 it has all controllers.
struct CgroupFolder {
  std::string path;
  bool memory = false, processes = false, cpu = false, accounting = false;
};

class Cgroup {
 public:
  Cgroup(CgroupVersion version, std::vector<CgroupFolder> folders) : version_(version), folders_(std::move(folders)) {}

  // For the controllers that are there. Throws Error.
  void limit(const CgroupLimits& limits);
  // One for each folder: writing "0" into it moves the writer into the group. Opened at the first call; throws Error.
  [[nodiscard]] std::vector<int> doors();
  void close_doors() noexcept { doors_.clear(); }

  // What cannot be read is 0.
  [[nodiscard]] CgroupUse use() const;
  [[nodiscard]] std::chrono::microseconds cpu() const;
  // The highest use of memory since the last call, where the kernel can forget it, else since the beginning. About 2 us.
  [[nodiscard]] std::uint64_t take_memory_peak();

  void kill() noexcept;    // all processes in it
  bool remove() noexcept;  // false: something still lives in it

 private:
  [[nodiscard]] const CgroupFolder* with(bool CgroupFolder::* controller) const;
  CgroupVersion version_;
  std::vector<CgroupFolder> folders_;
  std::vector<Fd> doors_;
  Fd peak_;
};

class CgroupTree {
 public:
  // Where the kernel says which trees are there and which group is ours.
  struct Sources {
    std::string mounts = "/proc/self/mountinfo";
    std::string own = "/proc/self/cgroup";
  };
  // Never throws: where nothing can be made, support() says so. In version 2 it moves this process (see above).
  [[nodiscard]] static std::unique_ptr<CgroupTree> open(const Sources& sources);
  [[nodiscard]] static std::unique_ptr<CgroupTree> open() { return open(Sources{}); }
  ~CgroupTree();  // removes its own folder if nothing lives in it

  [[nodiscard]] const CgroupSupport& support() const noexcept { return support_; }
  // An empty group without limits. Throws Error. About 0.2 ms.
  [[nodiscard]] Cgroup make(const std::string& name) const;

 private:
  void open_v1(const std::string& mounts, const std::string& own);
  void open_v2(const std::string& mounts, const std::string& own);
  CgroupSupport support_;
  std::vector<CgroupFolder> houses_;
  std::string host_leaf_;  // of version 2, and where this process was before
  std::string home_;
};

}  // namespace mortise::os
