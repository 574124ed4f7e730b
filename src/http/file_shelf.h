// FileShelf: the files that clients upload, each under a name of its own in one folder of the data folder.
//
// A file is there whole or not at all: it grows as a part in a folder beside, and takes its name when it is complete and its
// digest is what the client said. A part that was left behind can be gone on with from where it ends. Thread-safe; one
// upload of a name at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"
#include "os/fd.h"
#include "store/sha256.h"

namespace mortise::http {

class FileShelf {
 public:
  explicit FileShelf(std::string folder) : folder_(std::move(folder)) {}

  struct Entry {
    std::string name, path, sha256;
    std::uint64_t size = 0;
    Time modified{};
    bool complete = true;  // false: a part; size is how much of it is there
  };
  [[nodiscard]] std::vector<Entry> list() const;
  // Throws Error{not_found}.
  [[nodiscard]] Entry get(const std::string& name) const;
  void remove(const std::string& name);

  // Throws Error{invalid} for a name that is none: 1 to 200 bytes of UTF-8, no "/", no leading ".", no control characters.
  static void require_name(std::string_view name);

  class Part {
   public:
    Part(FileShelf& shelf, std::string name, std::optional<std::uint64_t> offset);
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    ~Part();
    void write(std::string_view piece);
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    void sync();  // what was written outlives the machine
    // The part becomes the file. Throws Error{invalid}, and forgets the part, when `sha256` is not empty and differs.
    Entry finish(const std::string& sha256);

   private:
    FileShelf& shelf_;
    const std::string name_;
    os::Fd file_;
    store::Sha256 hash_;
    std::uint64_t size_ = 0;
  };
  // Begins anew, or goes on at `offset`. Throws Error{busy} while somebody else uploads that name, Error{conflict} when the part
  // does not end there (detail "offset" says where it does).
  [[nodiscard]] std::unique_ptr<Part> open(const std::string& name, std::optional<std::uint64_t> offset);

 private:
  [[nodiscard]] std::string path_of(const std::string& name) const;
  [[nodiscard]] std::string part_of(const std::string& name) const;
  [[nodiscard]] std::string sum_of(const std::string& name) const;
  [[nodiscard]] std::optional<Entry> find(const std::string& name) const;

  const std::string folder_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> open_;
};

}  // namespace mortise::http
