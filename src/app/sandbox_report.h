// What confines workers on this machine: every layer with its live proof, asked of the launcher, which is small enough to
// start the processes that try.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mortise::app {

struct LayerReport {
  std::string name;    // "private-root"
  std::string result;  // "blocked", "missing", "unproven", "open": runtime/sandbox/probe.h
  std::string tried;
  std::string why;

  // What holds in its place where it is missing; empty when nothing does.
  [[nodiscard]] std::string_view instead() const noexcept;
};

struct SandboxReport {
  std::string level;  // "root", "user", "bare"; empty: the launcher did not answer
  std::string problem;
  std::vector<LayerReport> layers;

  [[nodiscard]] static SandboxReport ask(const std::string& launcher);
  [[nodiscard]] bool confines() const noexcept;  // files, processes and network are all held by something
};

}  // namespace mortise::app
