// BackupFile: one file that holds a data folder, as a tar archive that any tool can list and unpack.
//
//   mortise.db       the database, a consistent copy that SQLite made of it while it was in use
//   key              what runs keep is sealed with it
//   runs/ID/...      what runs keep to be resumed; pipelines/, files/ as they are
//   SHA256SUMS       the last entry: a line for each of the others, as sha256sum writes it
//
// A file without its last entry is not whole, and is refused; so is one whose sums differ, or whose names lead elsewhere.
// Links and special files are never written and never made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"
#include "store/sha256.h"

namespace mortise::store {

class BackupWriter {
 public:
  // Writes to a file beside `path`, which is there, whole and on disk, after finish() and not before.
  explicit BackupWriter(std::string path);
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;
  ~BackupWriter();

  void add_file(const std::string& name, const std::string& from);
  // All files below the folder. Those that vanish meanwhile are left out; an absent folder is an empty one.
  void add_folder(const std::string& name, const std::string& from);
  void finish();

  [[nodiscard]] std::uint64_t files() const noexcept { return files_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void add_text(const std::string& name, std::string_view text);
  void header(const std::string& name, std::uint64_t size);
  void put(std::string_view bytes);
  void pad();

  const std::string path_, part_;
  os::Fd file_;
  std::string sums_;
  std::uint64_t files_ = 0, bytes_ = 0, written_ = 0;
};

struct BackupContent {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};
// Unpacks into `folder`, which must be empty, and compares every sum. Throws Error{invalid} that says what is wrong; what was
// unpacked by then stays, for the caller to remove.
BackupContent unpack_backup(const std::string& path, const std::string& folder);

}  // namespace mortise::store
