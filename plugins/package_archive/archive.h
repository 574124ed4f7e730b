// Archives of packages: tar (plain, gzip, zstd) and zip, read from memory into memory.
//
// What strangers send is taken whole or refused whole, each refusal with its own words. Nothing here touches a file system:
// the plugin runs confined with no right to one, and whoever asked writes what comes back. Kept of an entry are its path, its
// bytes and whether it may be executed; owners, times and everything else are dropped.
//
// Links become copies of what they point to inside the archive (GNU tar writes a file that occurs twice as a link); those
// that lead anywhere else are refused. Set aside: keeping links as links, because every later reader would have to ask again
// where they lead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::package_archive {

struct Limits {
  std::uint64_t bytes = 256ULL << 20;      // of all files together, links counted as what they are copies of
  std::uint64_t file_bytes = 128ULL << 20;
  std::uint64_t files = 20'000;
  std::uint64_t ratio = 200;               // unpacked to packed, beyond the first 16 MiB
  std::size_t depth = 32;                  // folders above a file
};

struct File {
  std::string path;  // "folder/name": relative, no "." and "..", valid UTF-8
  std::shared_ptr<const std::string> content;
  bool executable = false;
};

// Sorted by path. Throws Error{invalid} with the detail "entry" where one entry is to blame, and the way out as hint.
[[nodiscard]] std::vector<File> unpack(std::string_view archive, const Limits& limits = {});

// A tar.gz that depends on nothing but the files: sorted, no owner, all times 0. The paths must be as unpack() gives them.
[[nodiscard]] std::string pack(const std::vector<File>& files);

// The clean form of an entry's path, empty for the root itself; throws Error{invalid} when it may not be used.
[[nodiscard]] std::string clean_path(std::string_view raw, const Limits& limits);

// An entry that is another one's content: `target` is a clean path.
struct Link {
  std::string path, target;
};
// Adds a copy for every link. Throws Error{invalid} for one that leads nowhere or in a circle.
void resolve_links(std::vector<File>& files, const std::vector<Link>& links, const Limits& limits);
// Where a symbolic link at `path` leads, as a clean path; throws Error{invalid} when that is outside.
[[nodiscard]] std::string symlink_target(const std::string& path, std::string_view target, const Limits& limits);

}  // namespace mortise::package_archive
