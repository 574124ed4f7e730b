// TrialCopy: a copy of a plugin's folder that may be written to, in a folder that is gone at the end.
#pragma once

#include <string>

namespace mortise::authors {

class TrialCopy {
 public:
  // Leaves out what is no part of the plugin (.git, caches). Throws Error{invalid} for a folder that is too large.
  explicit TrialCopy(const std::string& folder);
  TrialCopy(const TrialCopy&) = delete;
  TrialCopy& operator=(const TrialCopy&) = delete;
  ~TrialCopy();

  [[nodiscard]] const std::string& root() const noexcept { return root_; }       // everything
  [[nodiscard]] std::string plugins() const { return root_ + "/plugins"; }       // the folder that holds the copy
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }   // the copy
  [[nodiscard]] std::string home() const { return root_ + "/home"; }             // for what needs one

 private:
  std::string root_, folder_;
};

}  // namespace mortise::authors
