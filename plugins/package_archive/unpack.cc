#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <map>

#include "mortise/error.hpp"
#include "package_archive/archive.h"

namespace mortise::package_archive {
namespace {

constexpr std::uint64_t free_of_ratio = 16ULL << 20;
constexpr const char* pack_again = "pack it anew: tar -czf PACKAGE.tar.gz FOLDER";

struct Close {
  void operator()(archive* handle) const noexcept { archive_read_free(handle); }
};
using Handle = std::unique_ptr<archive, Close>;

std::string words_of(archive* handle) {
  const char* text = archive_error_string(handle);
  return text != nullptr ? text : "no reason given";
}

Error damaged(archive* handle) {
  return Error(Code::invalid, "the archive is damaged or ends too early: " + words_of(handle), "send it again, or pack it anew");
}

// The first bytes decide, not the name: only what is written here is ever parsed.
Handle open(std::string_view bytes) {
  Handle handle(archive_read_new());
  if (!handle) throw Error(Code::busy, "no memory to read an archive");
  const bool is_zip = bytes.starts_with("PK");
  if (is_zip) {
    archive_read_support_format_zip_seekable(handle.get());
  } else {
    archive_read_support_format_tar(handle.get());
    archive_read_support_filter_gzip(handle.get());
    archive_read_support_filter_zstd(handle.get());
  }
  if (archive_read_open_memory(handle.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    const bool packed = is_zip || bytes.starts_with("\x1f\x8b") || bytes.starts_with("\x28\xb5\x2f\xfd");
    if (packed) throw damaged(handle.get());
    throw Error(Code::invalid, "this is no tar.gz, tar.zst, tar or zip archive: " + words_of(handle.get()), pack_again);
  }
  return handle;
}

class Unpacking {
 public:
  Unpacking(std::string_view packed, const Limits& limits) : limits_(limits), packed_(packed.size()), handle_(open(packed)) {}

  std::vector<File> all() {
    archive_entry* entry = nullptr;
    while (true) {
      const int status = archive_read_next_header(handle_.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK) throw broken();
      one_layer_of_compression();
      take(entry);
    }
    resolve_links(files_, links_, limits_);
    if (files_.empty()) throw Error(Code::invalid, "the archive holds no file", pack_again);
    std::sort(files_.begin(), files_.end(), [](const File& a, const File& b) { return a.path < b.path; });
    return std::move(files_);
  }

 private:
  Error broken() const { return damaged(handle_.get()); }
  Error refused(const std::string& path, const std::string& why, const char* hint) const {
    return Error(Code::invalid, "the archive's entry '" + path + "' " + why, hint).with("entry", path);
  }

  void one_layer_of_compression() const {
    // One filter, and the one that stands for the bytes themselves.
    if (archive_filter_count(handle_.get()) > 2) throw Error(Code::invalid, "the archive is compressed more than once", pack_again);
  }

  void take(archive_entry* entry) {
    const char* raw = archive_entry_pathname_utf8(entry);
    if (raw == nullptr) raw = archive_entry_pathname(entry);  // no UTF-8: as it is, and refused for it
    const std::string path = clean_path(raw != nullptr ? raw : "", limits_);
    check_kind(entry, path);
    if (path.empty()) return;  // the folder itself
    const bool folder = archive_entry_filetype(entry) == AE_IFDIR && archive_entry_hardlink(entry) == nullptr;
    claim(path, folder);
    if (folder) return;
    if (names_.size() > limits_.files) {
      throw Error(Code::invalid, "the archive holds more than " + std::to_string(limits_.files) + " files",
                  "packages may have so many and no more; raise packages.max_files if you trust this one");
    }
    if (const char* target = archive_entry_hardlink(entry)) {
      links_.push_back({path, clean_path(target, limits_)});
    } else if (archive_entry_filetype(entry) == AE_IFLNK) {
      const char* where = archive_entry_symlink(entry);
      links_.push_back({path, symlink_target(path, where != nullptr ? where : "", limits_)});
    } else {
      files_.push_back({path, content(entry, path), (archive_entry_mode(entry) & 0111U) != 0});
    }
  }

  void check_kind(archive_entry* entry, const std::string& path) const {
    if (archive_entry_is_encrypted(entry) != 0) throw refused(path, "is encrypted", "pack it without a password");
    constexpr const char* files_only = "packages hold files and folders, nothing else";
    switch (archive_entry_filetype(entry)) {
      case AE_IFREG:
      case AE_IFDIR:
      case AE_IFLNK: break;
      case AE_IFCHR:
      case AE_IFBLK: throw refused(path, "is a device", files_only);
      case AE_IFIFO: throw refused(path, "is a named pipe", files_only);
      case AE_IFSOCK: throw refused(path, "is a socket", files_only);
      default:
        if (archive_entry_hardlink(entry) == nullptr) throw refused(path, "is of an unknown kind", files_only);
    }
    const auto mode = archive_entry_mode(entry);
    if (archive_entry_filetype(entry) != AE_IFREG) return;
    if ((mode & S_ISUID) != 0) throw refused(path, "is setuid", "clear the bit with `chmod u-s` and pack again");
    if ((mode & S_ISGID) != 0) throw refused(path, "is setgid", "clear the bit with `chmod g-s` and pack again");
  }

  static std::string folded(const std::string& path) {
    std::string lower = path;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
  }

  // Every name once, also where capitals do not count; no file where another entry needs a folder.
  void claim(const std::string& path, bool folder) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      need_folder(path.substr(0, slash), path);
    }
    if (folder) return need_folder(path, path);
    const std::string key = folded(path);
    if (folders_.contains(key)) throw refused(path, "is a file and a folder at once", pack_again);
    const auto [at, fresh] = names_.emplace(key, path);
    if (fresh) return;
    if (at->second == path) throw refused(path, "occurs twice", pack_again);
    throw refused(path, "differs from '" + at->second + "' only in capitals", "rename one of them and pack again");
  }

  void need_folder(const std::string& folder, const std::string& path) {
    const std::string key = folded(folder);
    if (names_.contains(key)) throw refused(path, "needs a folder where '" + names_.at(key) + "' is a file", pack_again);
    const auto [at, fresh] = folders_.emplace(key, folder);
    if (!fresh && at->second != folder) {
      throw refused(path, "lies in a folder that differs from '" + at->second + "' only in capitals", "rename one of them and pack again");
    }
  }

  std::shared_ptr<const std::string> content(archive_entry* entry, const std::string& path) {
    auto bytes = std::make_shared<std::string>();
    if (archive_entry_size_is_set(entry) != 0) {
      const auto said = static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
      check_size(path, said, said);
      bytes->reserve(static_cast<std::size_t>(std::min<std::uint64_t>(said, free_of_ratio)));
    }
    char piece[1U << 16U];
    while (true) {
      const la_ssize_t got = archive_read_data(handle_.get(), piece, sizeof piece);
      if (got == 0) break;
      if (got < 0) throw broken().with("entry", path);
      bytes->append(piece, static_cast<std::size_t>(got));
      check_size(path, bytes->size(), bytes->size());
    }
    total_ += bytes->size();
    return bytes;
  }

  void check_size(const std::string& path, std::uint64_t file, std::uint64_t more) const {
    if (file > limits_.file_bytes) {
      throw refused(path, "is larger than " + std::to_string(limits_.file_bytes) + " bytes",
                    "raise packages.max_file if you trust this package");
    }
    const std::uint64_t total = total_ + more;
    if (total > limits_.bytes) {
      throw Error(Code::invalid, "the archive unpacks to more than " + std::to_string(limits_.bytes) + " bytes",
                  "raise packages.max_unpacked if you trust this package")
          .with("entry", path);
    }
    if (total > free_of_ratio && total / std::max<std::uint64_t>(packed_, 1) > limits_.ratio) {
      throw Error(Code::invalid,
                  "the archive unpacks to more than " + std::to_string(limits_.ratio) + " times its size, as only bombs do",
                  "pack files that compress less, or deliver them unpacked")
          .with("entry", path);
    }
  }

  const Limits limits_;
  const std::uint64_t packed_;
  Handle handle_;
  std::vector<File> files_;
  std::vector<Link> links_;
  std::map<std::string, std::string> names_, folders_;  // by the name in small letters
  std::uint64_t total_ = 0;
};

}  // namespace

std::vector<File> unpack(std::string_view archive, const Limits& limits) { return Unpacking(archive, limits).all(); }

}  // namespace mortise::package_archive
