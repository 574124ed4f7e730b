// For the tests: archives with entries that no honest program writes, byte by byte (POSIX ustar), and compressed copies of them.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "package_archive/archive.h"

namespace mortise::package_archive::testing {

struct Entry {
  std::string path;
  std::string content = {};
  char type = '0';  // '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' folder, '6' pipe
  unsigned mode = 0644;
  std::string link = {};
  long long said_size = -1;  // other than that of the content
};

inline void put_octal(char* field, std::size_t width, unsigned long long number) {
  for (std::size_t i = width - 1; i-- > 0; number /= 8) field[i] = static_cast<char>('0' + number % 8);
}

inline std::string header(const Entry& entry) {
  char block[512] = {};
  std::memcpy(block, entry.path.data(), std::min<std::size_t>(entry.path.size(), 100));
  put_octal(block + 100, 8, entry.mode);
  put_octal(block + 108, 8, 0);
  put_octal(block + 116, 8, 0);
  put_octal(block + 124, 12, entry.said_size >= 0 ? static_cast<unsigned long long>(entry.said_size) : entry.content.size());
  put_octal(block + 136, 12, 0);
  std::memset(block + 148, ' ', 8);
  block[156] = entry.type;
  std::memcpy(block + 157, entry.link.data(), std::min<std::size_t>(entry.link.size(), 100));
  std::memcpy(block + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(block + 148, 8, "%06o", sum);
  return {block, sizeof block};
}

inline std::string padded(const std::string& content) { return content + std::string((512 - content.size() % 512) % 512, '\0'); }

inline std::string tar(const std::vector<Entry>& entries) {
  std::string bytes;
  for (const Entry& entry : entries) bytes += header(entry) + padded(entry.content);
  return bytes + std::string(1024, '\0');
}

enum class Filter { gzip, zstd };

// One more layer around any bytes, by libarchive's format "raw".
inline std::string compressed(const std::string& bytes, Filter filter = Filter::gzip) {
  std::string out;
  archive* handle = archive_write_new();
  archive_write_set_format_raw(handle);
  if (filter == Filter::gzip) archive_write_add_filter_gzip(handle);
  if (filter == Filter::zstd) archive_write_add_filter_zstd(handle);
  const auto collect = [](archive*, void* context, const void* data, std::size_t size) -> la_ssize_t {
    static_cast<std::string*>(context)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  };
  archive_write_set_bytes_in_last_block(handle, 1);
  archive_write_open(handle, &out, nullptr, collect, nullptr);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(handle, entry);
  archive_write_data(handle, bytes.data(), bytes.size());
  archive_entry_free(entry);
  archive_write_free(handle);
  return out;
}

inline std::string zip(const std::vector<Entry>& entries) {
  std::string out;
  archive* handle = archive_write_new();
  archive_write_set_format_zip(handle);
  const auto collect = [](archive*, void* context, const void* data, std::size_t size) -> la_ssize_t {
    static_cast<std::string*>(context)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  };
  archive_write_set_bytes_in_last_block(handle, 1);
  archive_write_open(handle, &out, nullptr, collect, nullptr);
  for (const Entry& one : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, one.path.c_str());
    archive_entry_set_filetype(entry, one.type == '2' ? AE_IFLNK : AE_IFREG);
    if (one.type == '2') archive_entry_set_symlink(entry, one.link.c_str());
    archive_entry_set_perm(entry, one.mode);
    archive_entry_set_size(entry, static_cast<la_int64_t>(one.content.size()));
    archive_write_header(handle, entry);
    archive_write_data(handle, one.content.data(), one.content.size());
    archive_entry_free(entry);
  }
  archive_write_free(handle);
  return out;
}

}  // namespace mortise::package_archive::testing
