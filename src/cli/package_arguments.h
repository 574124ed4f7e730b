// What the verbs of installed packages take beside what all verbs take.
#pragma once

#include <string>
#include <vector>

namespace mortise::cli {

struct PackageArguments {
  std::vector<std::string> what;  // install: archives, folders, NAME[@RANGE]
  std::vector<std::string> from;  // folders of packages
  std::string plugin, package;    // of the others; update: an archive or a folder
  std::string target, reason, lock, as;
  bool disabled = false, accept = false, accept_findings = false, keep = false;
};

}  // namespace mortise::cli
