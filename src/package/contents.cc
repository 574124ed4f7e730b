#include "package/contents.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/utf8.h"
#include "os/file.h"
#include "store/sha256.h"

namespace mortise::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_path = 1'024;
constexpr std::string_view manifest_name = "manifest.json";

Error refused(const std::string& path, const std::string& why) {
  return Error(Code::invalid, "the package's file '" + path + "' " + why, "pack it anew: `mortise plugin pack FOLDER`").with("entry", path);
}

// The same rules as package_archive has, asked again of whoever answered.
void check_path(const std::string& path) {
  if (path.empty() || path.size() > longest_path || find_invalid_utf8(path) != std::string_view::npos) throw refused(path.substr(0, 80), "has no usable name");
  if (std::any_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\'; })) {
    throw refused("?", "has a name with characters that no file should have");
  }
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = std::string_view(path).substr(begin, end - begin);
    if (name.empty() || name == "." || name == ".." || name.size() > 255) throw refused(path, "has a path that leads elsewhere");
    begin = end + 1;
  }
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// "thing/" when everything lies in one folder that holds the manifest, and none lies at the top.
std::string common_folder(const std::vector<ContentFile>& files) {
  if (files.empty()) return {};
  const std::size_t slash = files.front().path.find('/');
  if (slash == std::string::npos) return {};
  const std::string folder = files.front().path.substr(0, slash + 1);
  const bool all = std::all_of(files.begin(), files.end(), [&](const ContentFile& file) { return file.path.starts_with(folder); });
  return all ? folder : std::string();
}

// What a host that was started in the folder, or pointed into it, keeps there: its key among other things.
bool is_data_of_a_host(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "mortise.db", ignored) && fs::exists(folder / "key", ignored);
}

bool of_a_tool(const fs::path& name) {
  for (const char* tool : {".mortise", ".git", ".hg", ".svn", "__pycache__", ".venv", ".pytest_cache", ".mypy_cache", ".Rproj.user", ".DS_Store"}) {
    if (name == tool) return true;
  }
  return name.extension() == ".pyc";
}

std::string line_of(std::string_view path, std::string_view content, bool executable) {
  return store::sha256_of(content) + (executable ? " x " : " - ") + std::to_string(content.size()) + " " + std::string(path) + "\n";
}

enum class Tools { left_out, seen };

// Every file and every link below the folder, by its path there.
template <typename Visit>
void walk(const fs::path& folder, Tools tools, const Visit& visit) {
  const auto passed_over = [tools](const fs::path& path) { return tools == Tools::left_out && of_a_tool(path.filename()); };
  for (auto at = fs::recursive_directory_iterator(folder); at != fs::recursive_directory_iterator(); ++at) {
    if (at->is_directory() && !at->is_symlink()) {
      const bool data = tools == Tools::left_out && is_data_of_a_host(at->path());
      if (data || passed_over(at->path())) at.disable_recursion_pending();
      continue;
    }
    if (!passed_over(at->path())) visit(at->path().lexically_relative(folder).generic_string(), *at);
  }
}

bool is_executable(const fs::directory_entry& entry) {
  return (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
}

constexpr std::size_t digest_length = 64;

std::map<std::string, std::string> lines_by_path(std::string_view listing) {
  std::map<std::string, std::string> lines;
  for (std::size_t begin = 0; begin < listing.size();) {
    const std::size_t end = std::min(listing.find('\n', begin), listing.size());
    const std::string line(listing.substr(begin, end - begin));
    constexpr std::size_t size_at = digest_length + 3;  // blank, x or -, blank
    const std::size_t path_at = line.find(' ', size_at);
    if (path_at != std::string::npos) lines.emplace(line.substr(path_at + 1), line + "\n");
    begin = end + 1;
  }
  return lines;
}

}  // namespace

Contents Contents::from_value(const Value& files, const Limits& limits) {
  Contents contents;
  for (const Value& file : files.items()) {
    const Value* executable = file.find("executable");
    contents.files_.push_back({std::string(file.at("path").as_string()), file.at("bytes"), executable != nullptr && executable->as_bool()});
    check_path(contents.files_.back().path);
  }
  const std::string around = common_folder(contents.files_);
  if (!around.empty() && contents.find(around + std::string(manifest_name)) != nullptr) {
    for (ContentFile& file : contents.files_) file.path.erase(0, around.size());
  }
  contents.finish(limits);
  return contents;
}

Contents Contents::from_folder(const fs::path& folder, const Limits& limits) {
  std::error_code failure;
  if (!fs::is_directory(folder, failure)) {
    throw Error(Code::not_found, "'" + folder.string() + "' is no folder", "name the folder that holds manifest.json").with("file", folder.string());
  }
  Contents contents;
  walk(folder, Tools::left_out, [&](const std::string& path, const fs::directory_entry& entry) {
    check_path(path);
    if (entry.is_symlink()) throw refused(path, "is a link; packages hold files");
    if (!entry.is_regular_file()) throw refused(path, "is neither a file nor a folder");
    contents.files_.push_back({path, Value::bytes(os::read_file(entry.path().string(), limits.file_bytes)), is_executable(entry)});
  });
  contents.finish(limits);
  return contents;
}

void Contents::finish(const Limits& limits) {
  std::sort(files_.begin(), files_.end(), [](const ContentFile& a, const ContentFile& b) { return a.path < b.path; });
  if (files_.size() > limits.files) {
    throw Error(Code::invalid, "the package has " + std::to_string(files_.size()) + " files, of " + std::to_string(limits.files) + " possible",
                "leave out what is not needed, or raise packages.max_files");
  }
  std::map<std::string, std::string> seen;
  for (const ContentFile& file : files_) {
    check_path(file.path);
    const auto [at, fresh] = seen.emplace(lower(file.path), file.path);
    if (!fresh) throw refused(file.path, "is there twice, or differs from '" + at->second + "' only in capitals");
    if (file.content().size() > limits.file_bytes) throw refused(file.path, "is larger than " + std::to_string(limits.file_bytes) + " bytes");
    bytes_ += file.content().size();
  }
  for (const ContentFile& file : files_) {
    for (std::size_t slash = file.path.find('/'); slash != std::string::npos; slash = file.path.find('/', slash + 1)) {
      if (seen.contains(lower(file.path.substr(0, slash)))) throw refused(file.path, "lies in a folder that is a file too");
    }
  }
  if (bytes_ > limits.bytes) {
    throw Error(Code::invalid, "the package has " + std::to_string(bytes_) + " bytes, of " + std::to_string(limits.bytes) + " possible",
                "leave out what is not needed, or raise packages.max_unpacked");
  }
}

const ContentFile* Contents::find(std::string_view path) const noexcept {
  const auto at = std::find_if(files_.begin(), files_.end(), [&](const ContentFile& file) { return file.path == path; });
  return at == files_.end() ? nullptr : &*at;
}

std::string_view Contents::manifest() const {
  if (const ContentFile* file = find(manifest_name)) return file->content();
  throw Error(Code::not_found, "manifest.json not found in package", "every package has one in its top folder");
}

Value Contents::to_value() const {
  Value all = Value::list();
  for (const ContentFile& file : files_) {
    all.push_back(Value::map({{"path", file.path}, {"bytes", file.bytes}, {"executable", file.executable}}));
  }
  return all;
}

const std::string& Contents::listing() const {
  if (listing_.empty()) {
    for (const ContentFile& file : files_) listing_ += line_of(file.path, file.content(), file.executable);
  }
  return listing_;
}

const std::string& Contents::digest() const {
  if (digest_.empty()) digest_ = store::sha256_of(listing());
  return digest_;
}

std::vector<std::string> differences(const fs::path& folder, std::string_view listing, Look look) {
  std::map<std::string, std::string> wanted = lines_by_path(listing);
  std::vector<std::string> found;
  std::error_code failure;
  if (fs::is_directory(folder, failure)) {
    walk(folder, Tools::seen, [&](const std::string& path, const fs::directory_entry& entry) {
      const auto at = wanted.find(path);
      if (at == wanted.end()) return found.push_back("added: " + path);
      const std::string expected = std::move(at->second);
      wanted.erase(at);
      if (!entry.is_regular_file() || entry.is_symlink()) return found.push_back("changed: " + path);
      const bool reads = look == Look::thorough || path == manifest_name;
      const std::string digest = reads ? store::sha256_of_file(entry.path().string()) : expected.substr(0, digest_length);
      const std::string line = digest + (is_executable(entry) ? " x " : " - ") + std::to_string(entry.file_size()) + " " + path + "\n";
      if (line == expected) return;
      const bool same_size = line.substr(digest_length + 2) == expected.substr(digest_length + 2);
      found.push_back((same_size && digest == expected.substr(0, digest_length) ? "executable: " : "changed: ") + path);
    });
  }
  for (const auto& [path, line] : wanted) found.push_back("missing: " + path);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace mortise::package
