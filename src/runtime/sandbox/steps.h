// Becoming a confined process is a checklist. The first step that fails is told to whoever started the process, and nothing
// after it happens.
#pragma once

namespace mortise::runtime::sandbox {

struct StepFailed {
  char step[240];  // "show '/data' in its root", to be read after "cannot"
  int error;       // errno, 0 when there is none
};

class Steps {
 public:
  // `report` is the writing end of a pipe; it closes when the process runs its program.
  explicit Steps(int report) noexcept : report_(report) {}
  void report_to(int report) noexcept { report_ = report; }
  [[nodiscard]] int report() const noexcept { return report_; }

  // Goes on, or tells and ends the process with status 127. Takes errno as the reason.
  void operator()(const char* step, bool succeeded) const noexcept {
    if (!succeeded) fail(step, nullptr);
  }
  // `step` has one %s, for the path.
  void operator()(const char* step, const char* path, bool succeeded) const noexcept {
    if (!succeeded) fail(step, path);
  }

 private:
  [[noreturn]] void fail(const char* step, const char* path) const noexcept;
  int report_;
};

}  // namespace mortise::runtime::sandbox
