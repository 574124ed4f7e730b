#include "store/backup_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block = 512;
constexpr const char* sums_name = "SHA256SUMS";
constexpr std::size_t longest_name = 255;  // 155 of the prefix, "/", 99 of the name

Error broken(const std::string& path, const std::string& what) {
  return Error(Code::invalid, "'" + path + "' is no whole backup: " + what, "nothing was changed; use another backup")
      .with("file", path);
}

Error system_error(const std::string& what, const std::string& path) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::busy : errno == ENOENT ? Code::not_found : Code::denied;
  return Error(code, what + " '" + path + "': " + std::strerror(errno)).with("file", path);
}

// ---- headers of ustar ----------------------------------------------------------------------------------------------------

struct Header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6], version[2], user[32],
      group[32], major[8], minor[8], prefix[155], rest[12];
};
static_assert(sizeof(Header) == block);

unsigned sum_of(Header header) {
  std::memset(header.sum, ' ', sizeof header.sum);
  unsigned sum = 0;
  for (const char byte : std::string_view(reinterpret_cast<const char*>(&header), block))
    sum += static_cast<unsigned char>(byte);
  return sum;
}

// Octal, or the binary form of GNU tar beyond 8 GiB.
void set_size(Header& header, std::uint64_t size) {
  if (size < (std::uint64_t{1} << 33U)) {
    std::snprintf(header.size, sizeof header.size, "%011llo", static_cast<unsigned long long>(size));
    return;
  }
  for (std::size_t i = sizeof header.size; i-- > 0; size >>= 8U) header.size[i] = static_cast<char>(size & 0xFFU);
  header.size[0] = static_cast<char>(0x80);
}

std::uint64_t size_of(const Header& header) {
  std::uint64_t size = 0;
  if ((static_cast<unsigned char>(header.size[0]) & 0x80U) != 0) {
    for (std::size_t i = 4; i < sizeof header.size; ++i) size = size << 8U | static_cast<unsigned char>(header.size[i]);
    return size;
  }
  for (const char digit : header.size) {
    if (digit < '0' || digit > '7') break;
    size = size * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return size;
}

std::string text_of(const char* text, std::size_t size) { return {text, ::strnlen(text, size)}; }

bool is_safe(const std::string& name) {
  if (name.empty() || name.size() > longest_name || name.front() == '/') return false;
  for (const auto& part : fs::path(name)) {
    if (part == ".." || part == "." || part.empty()) return false;
  }
  return true;
}

// Reads exactly so many bytes.
void read_exactly(const os::Fd& file, char* into, std::size_t size, const std::string& path) {
  while (size > 0) {
    const ssize_t got = ::read(file.get(), into, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw broken(path, "it ends too early");
    into += got;
    size -= static_cast<std::size_t>(got);
  }
}

void write_all(const os::Fd& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw system_error("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

}  // namespace

// ---- writing ---------------------------------------------------------------------------------------------------------------

BackupWriter::BackupWriter(std::string path)
    : path_(std::move(path)),
      part_(path_ + ".part"),
      file_(::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (file_.get() < 0) throw system_error("cannot write the backup", part_);
}

BackupWriter::~BackupWriter() {
  if (file_.get() >= 0) ::unlink(part_.c_str());
}

void BackupWriter::put(std::string_view bytes) {
  write_all(file_, bytes, part_);
  written_ += bytes.size();
}

void BackupWriter::pad() {
  static constexpr std::array<char, block> zeros{};
  if (written_ % block != 0) put({zeros.data(), block - written_ % block});
}

void BackupWriter::header(const std::string& name, std::uint64_t size) {
  if (!is_safe(name))
    throw Error(Code::invalid, "the name '" + name + "' does not fit into a backup").with("file", name);
  Header made{};
  std::size_t slash = 0;
  if (name.size() >= sizeof made.name) {
    slash = name.find('/', name.size() - sizeof made.name);
    if (slash == std::string::npos || slash > sizeof made.prefix)
      throw Error(Code::invalid, "the name '" + name + "' is too long for a backup").with("file", name);
    name.copy(made.prefix, slash);
  }
  const std::string rest = slash == 0 ? name : name.substr(slash + 1);
  rest.copy(made.name, sizeof made.name);
  std::memcpy(made.mode, "0000600", 8);
  std::memcpy(made.uid, "0000000", 8);
  std::memcpy(made.gid, "0000000", 8);
  std::memcpy(made.mtime, "00000000000", 12);
  set_size(made, size);
  made.type = '0';
  std::memcpy(made.magic, "ustar", 6);
  std::memcpy(made.version, "00", 2);
  std::snprintf(made.sum, sizeof made.sum, "%06o", sum_of(made));
  made.sum[7] = ' ';
  put({reinterpret_cast<const char*>(&made), block});
}

void BackupWriter::add_file(const std::string& name, const std::string& from) {
  const os::Fd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (source.get() < 0 || ::fstat(source.get(), &info) != 0) throw system_error("cannot read", from);
  auto left = static_cast<std::uint64_t>(info.st_size);
  header(name, left);
  bytes_ += left;
  Sha256 hash;
  std::vector<char> piece(256 * 1024);
  while (left > 0) {  // a file that grows meanwhile is taken as long as it was
    const std::size_t size = std::min<std::uint64_t>(left, piece.size());
    read_exactly(source, piece.data(), size, from);
    hash.add({piece.data(), size});
    put({piece.data(), size});
    left -= size;
  }
  pad();
  sums_ += hash.finish() + "  " + name + "\n";
  ++files_;
}

void BackupWriter::add_folder(const std::string& name, const std::string& from) {
  std::error_code failure;
  std::vector<std::pair<std::string, std::string>> found;
  for (auto entry = fs::recursive_directory_iterator(from, failure);
       !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && !entry->is_symlink(ignored))
      found.emplace_back(name + "/" + entry->path().lexically_relative(from).string(), entry->path().string());
  }
  std::sort(found.begin(), found.end());
  for (const auto& [inside, path] : found) {
    try {
      add_file(inside, path);
    } catch (const Error& error) {
      if (error.code() != Code::not_found) throw;
    }
  }
}

void BackupWriter::add_text(const std::string& name, std::string_view text) {
  header(name, text.size());
  put(text);
  pad();
}

void BackupWriter::finish() {
  add_text(sums_name, sums_);
  static constexpr std::array<char, 2 * block> end{};
  put({end.data(), end.size()});
  if (::fsync(file_.get()) != 0) throw system_error("cannot write", part_);
  if (::rename(part_.c_str(), path_.c_str()) != 0) throw system_error("cannot write", path_);
  os::sync_directory(os::parent_of(path_));
  file_ = os::Fd();
}

// ---- reading ---------------------------------------------------------------------------------------------------------------

namespace {

using Sums = std::map<std::string, std::string>;

Sums parse_sums(const std::string& text, const std::string& path) {
  Sums sums;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end - begin < 67) throw broken(path, "its list of sums is damaged");
    sums[text.substr(begin + 66, end - begin - 66)] = text.substr(begin, 64);
    begin = end + 1;
  }
  return sums;
}

// Copies one entry out of the archive; its sum.
std::string extract(const os::Fd& archive, std::uint64_t size, const std::string& to, std::string* text,
                    const std::string& path) {
  os::Fd file;
  if (text == nullptr) {
    os::make_directories(os::parent_of(to));
    file = os::Fd(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) throw system_error("cannot write", to);
  }
  Sha256 hash;
  std::vector<char> piece(256 * 1024);
  for (std::uint64_t left = size; left > 0;) {
    const std::size_t count = std::min<std::uint64_t>(left, piece.size());
    read_exactly(archive, piece.data(), count, path);
    hash.add({piece.data(), count});
    text != nullptr ? (void)text->append(piece.data(), count) : write_all(file, {piece.data(), count}, to);
    left -= count;
  }
  if (size % block != 0) read_exactly(archive, piece.data(), block - size % block, path);
  if (text == nullptr && ::fsync(file.get()) != 0) throw system_error("cannot write", to);
  return hash.finish();
}

void compare(const Sums& promised, const Sums& found, const std::string& path) {
  for (const auto& [name, sum] : found) {
    const auto wanted = promised.find(name);
    if (wanted == promised.end()) throw broken(path, "'" + name + "' is not in its list of sums");
    if (wanted->second != sum) throw broken(path, "the sum of '" + name + "' differs: it was damaged or changed");
  }
  for (const auto& [name, sum] : promised) {
    if (!found.contains(name)) throw broken(path, "'" + name + "' is missing");
  }
}

}  // namespace

BackupContent unpack_backup(const std::string& path, const std::string& folder) {
  const os::Fd archive(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (archive.get() < 0) throw system_error("cannot read the backup", path);
  BackupContent content;
  Sums found;
  for (;;) {
    Header header{};
    read_exactly(archive, reinterpret_cast<char*>(&header), block, path);
    if (header.name[0] == '\0') throw broken(path, "it has no list of sums");
    const unsigned promised =
        static_cast<unsigned>(std::strtoul(text_of(header.sum, sizeof header.sum).c_str(), nullptr, 8));
    if (std::memcmp(header.magic, "ustar", 5) != 0 || promised != sum_of(header))
      throw broken(path, "it is no tar archive, or damaged");
    const std::string prefix = text_of(header.prefix, sizeof header.prefix);
    const std::string name = (prefix.empty() ? "" : prefix + "/") + text_of(header.name, sizeof header.name);
    const std::uint64_t size = size_of(header);
    if (header.type != '0' || !is_safe(name))
      throw broken(path, "it holds '" + name + "', which no backup of mortise does");
    if (name == sums_name) {
      if (size > (256U << 20U)) throw broken(path, "its list of sums is absurdly long");
      std::string text;
      (void)extract(archive, size, {}, &text, path);
      compare(parse_sums(text, path), found, path);
      return content;
    }
    if (found.contains(name)) throw broken(path, "it holds '" + name + "' twice");
    found[name] = extract(archive, size, os::join(folder, name), nullptr, path);
    content.names.push_back(name);
    content.bytes += size;
  }
}

}  // namespace mortise::store
