// What looks into packages on this machine: Bandit and an auditor of dependencies where they are installed for Python, else what is
// used instead of them.
#pragma once

#include <string>
#include <vector>

namespace mortise::app {

struct ScannerTool {
  std::string name;
  bool there = false;
  std::string found, hint;  // as the doctor says it
};
[[nodiscard]] std::vector<ScannerTool> scanner_tools(const std::string& python);

}  // namespace mortise::app
