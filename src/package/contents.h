// Contents: the files of one version of a package, checked, before they touch a disk.
//
// They come from a confined worker that read a stranger's archive (plugins/package_archive), from a folder of the operator or
// from a marketplace; whoever they come from, every path and every size is checked here again. The digest is of the files alone:
// the same files have the same digest however they were packed, and two different ones never share it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::package {

struct Limits {
  std::uint64_t archive_bytes = 64ULL << 20;
  std::uint64_t bytes = 256ULL << 20;
  std::uint64_t file_bytes = 128ULL << 20;
  std::uint64_t files = 20'000;
};

struct ContentFile {
  std::string path;  // "folder/name"
  Value bytes;
  bool executable = false;

  [[nodiscard]] std::string_view content() const { return bytes.as_bytes(); }
};

class Contents {
 public:
  // [{path, bytes, executable}], as package_archive answers. One folder around everything is taken off when the manifest lies in
  // it. Throws Error{invalid}.
  [[nodiscard]] static Contents from_value(const Value& files, const Limits& limits = {});
  // Reads a folder: hidden files of tools (.git, __pycache__) are left out. Throws Error.
  [[nodiscard]] static Contents from_folder(const std::filesystem::path& folder, const Limits& limits = {});

  [[nodiscard]] const std::vector<ContentFile>& files() const noexcept { return files_; }  // sorted by path
  [[nodiscard]] const ContentFile* find(std::string_view path) const noexcept;
  // The text of manifest.json; throws Error{not_found} "manifest.json not found in package".
  [[nodiscard]] std::string_view manifest() const;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  // [{path, bytes, executable}], for package_archive and the scanner.
  [[nodiscard]] Value to_value() const;

  // "sha256:" is not part of it: 64 hexadecimal digits over listing_text(). Slow: it reads every byte, once.
  [[nodiscard]] const std::string& digest() const;
  // One line per file, sorted by path: "<sha256> <x or -> <size> <path>\n". What `verify` compares with, and what the digest is of.
  [[nodiscard]] const std::string& listing() const;

 private:
  void finish(const Limits& limits);

  std::vector<ContentFile> files_;
  std::uint64_t bytes_ = 0;
  mutable std::string listing_, digest_;
};

// What of a folder differs from a listing: "changed: x.py", "missing: y", "added: z", "executable: w". Empty: nothing does. Nothing is
// left out here: a file of a tool that nobody packed was added by somebody. At a glance only the manifest is read; a file of another
// content with the same size is not seen then.
enum class Look { thorough, at_a_glance };
[[nodiscard]] std::vector<std::string> differences(const std::filesystem::path& folder, std::string_view listing, Look look = Look::thorough);

}  // namespace mortise::package
