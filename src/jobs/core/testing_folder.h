// A folder of one unit test's own, gone with it. For tests of this room only.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace mortise::jobs {

class TestFolder {
 public:
  TestFolder() : path_(::mkdtemp(name_)) {}
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  char name_[32] = "/tmp/mortise-jobs-XXXXXX";
  std::string path_;
};

}  // namespace mortise::jobs
