#include "http/file_shelf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::http {
namespace {

namespace fs = std::filesystem;

Error file_error(const std::string& what, const std::string& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return Error(full ? Code::busy : Code::denied, what + ": " + std::strerror(errno),
               full ? "the disk of the server is full; what was sent is kept, and can be gone on with" : "")
      .with("file", path);
}

}  // namespace

void FileShelf::require_name(std::string_view name) {
  const bool plain = std::none_of(name.begin(), name.end(),
                                  [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (plain && !name.empty() && name.size() <= 200 && name.front() != '.') return;
  throw Error(Code::invalid, "'" + std::string(name.substr(0, 200)) + "' is no name for a file",
              "a name has 1 to 200 bytes, no '/', no control characters, and does not begin with '.'")
      .with("key", "name");
}

std::string FileShelf::path_of(const std::string& name) const { return os::join(folder_, name); }
std::string FileShelf::part_of(const std::string& name) const { return os::join(folder_, ".parts/" + name); }
std::string FileShelf::sum_of(const std::string& name) const { return os::join(folder_, ".sums/" + name); }

std::optional<FileShelf::Entry> FileShelf::find(const std::string& name) const {
  Entry entry{name, path_of(name), {}, 0, {}, true};
  struct stat info {};
  if (::lstat(entry.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    entry.path = part_of(name);
    entry.complete = false;
    if (::lstat(entry.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  }
  entry.size = static_cast<std::uint64_t>(info.st_size);
  entry.modified = Time{info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
  if (entry.complete && ::access(sum_of(name).c_str(), R_OK) == 0) entry.sha256 = os::read_file(sum_of(name), 100);
  return entry;
}

std::vector<FileShelf::Entry> FileShelf::list() const {
  std::set<std::string> names;
  for (const std::string& place : {folder_, os::join(folder_, ".parts")}) {
    std::error_code failure;
    for (const auto& file : fs::directory_iterator(place, failure)) {
      const std::string name = file.path().filename().string();
      if (!name.starts_with(".")) names.insert(name);
    }
  }
  std::vector<Entry> all;
  for (const std::string& name : names) {
    if (auto entry = find(name)) all.push_back(*std::move(entry));
  }
  return all;
}

FileShelf::Entry FileShelf::get(const std::string& name) const {
  require_name(name);
  if (auto entry = find(name)) return *std::move(entry);
  throw Error(Code::not_found, "there is no file '" + name + "'", "GET /api/v1/files lists them").with("key", name);
}

void FileShelf::remove(const std::string& name) {
  (void)get(name);
  const std::lock_guard lock(mutex_);
  if (open_.contains(name)) throw Error(Code::busy, "'" + name + "' is being uploaded", "try again later");
  for (const std::string& path : {path_of(name), part_of(name), sum_of(name)}) ::unlink(path.c_str());
}

std::unique_ptr<FileShelf::Part> FileShelf::open(const std::string& name, std::optional<std::uint64_t> offset) {
  require_name(name);
  {
    const std::lock_guard lock(mutex_);
    if (!open_.insert(name).second)
      throw Error(Code::busy, "'" + name + "' is being uploaded by somebody else", "try again later").with("key", name);
  }
  try {
    os::make_directories(os::join(folder_, ".parts"));
    os::make_directories(os::join(folder_, ".sums"));
    return std::make_unique<Part>(*this, name, offset);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    open_.erase(name);
    throw;
  }
}

FileShelf::Part::Part(FileShelf& shelf, std::string name, std::optional<std::uint64_t> offset)
    : shelf_(shelf), name_(std::move(name)) {
  const std::string path = shelf_.part_of(name_);
  const int anew = offset.value_or(0) == 0 ? O_TRUNC : 0;
  file_ = os::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | anew, 0600));
  struct stat info {};
  if (file_.get() < 0 || ::fstat(file_.get(), &info) != 0) throw file_error("the file cannot be written", path);
  size_ = static_cast<std::uint64_t>(info.st_size);
  if (size_ != offset.value_or(0)) {
    throw Error(
        Code::conflict,
        "the upload of '" + name_ + "' ends at " + std::to_string(size_) + ", not at " + std::to_string(*offset),
        "go on there: Upload-Offset: " + std::to_string(size_))
        .with("offset", std::to_string(size_));
  }
  std::string piece(256 * 1024, '\0');
  for (std::uint64_t read = 0; read < size_;) {
    const ssize_t got = ::pread(file_.get(), piece.data(), piece.size(), static_cast<off_t>(read));
    if (got <= 0) throw file_error("the part cannot be read", path);
    hash_.add({piece.data(), static_cast<std::size_t>(got)});
    read += static_cast<std::uint64_t>(got);
  }
}

FileShelf::Part::~Part() {
  const std::lock_guard lock(shelf_.mutex_);
  shelf_.open_.erase(name_);
}

void FileShelf::Part::write(std::string_view piece) {
  hash_.add(piece);
  while (!piece.empty()) {
    const ssize_t put = ::pwrite(file_.get(), piece.data(), piece.size(), static_cast<off_t>(size_));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw file_error("the file cannot be written", shelf_.part_of(name_));
    piece.remove_prefix(static_cast<std::size_t>(put));
    size_ += static_cast<std::uint64_t>(put);
  }
}

void FileShelf::Part::sync() {
  if (::fsync(file_.get()) != 0) throw file_error("the file cannot be written", shelf_.part_of(name_));
}

FileShelf::Entry FileShelf::Part::finish(const std::string& sha256) {
  const std::string part = shelf_.part_of(name_), path = shelf_.path_of(name_);
  const std::string digest = hash_.finish();
  if (!sha256.empty() && sha256 != digest) {
    ::unlink(part.c_str());
    throw Error(Code::invalid, "the digest of '" + name_ + "' is " + digest + ", not " + sha256.substr(0, 64),
                "send the file again")
        .with("key", "sha256")
        .with("expected", sha256.substr(0, 64))
        .with("got", digest);
  }
  sync();
  os::write_file(shelf_.sum_of(name_), digest);
  if (::rename(part.c_str(), path.c_str()) != 0) throw file_error("the file cannot be written", path);
  os::sync_directory(shelf_.folder_);
  return shelf_.get(name_);
}

}  // namespace mortise::http
