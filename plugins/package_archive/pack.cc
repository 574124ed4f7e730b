#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "mortise/error.hpp"
#include "package_archive/archive.h"

namespace mortise::package_archive {
namespace {

struct Writing {
  std::string bytes;
  std::unique_ptr<archive, decltype([](archive* handle) { archive_write_free(handle); })> handle{archive_write_new()};

  void check(int status) const {
    if (status == ARCHIVE_OK) return;
    const char* words = archive_error_string(handle.get());
    throw Error(Code::internal, std::string("cannot write the archive: ") + (words != nullptr ? words : "no reason given"));
  }
};

la_ssize_t collect(archive*, void* context, const void* data, std::size_t size) {
  static_cast<std::string*>(context)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

std::string pack(const std::vector<File>& files) {
  Writing out;
  out.check(archive_write_set_format_pax_restricted(out.handle.get()));
  out.check(archive_write_add_filter_gzip(out.handle.get()));
  out.check(archive_write_set_options(out.handle.get(), "gzip:!timestamp,hdrcharset=BINARY"));  // names are UTF-8, whatever the locale
  out.check(archive_write_set_bytes_in_last_block(out.handle.get(), 1));
  out.check(archive_write_open(out.handle.get(), &out.bytes, nullptr, collect, nullptr));
  const std::unique_ptr<archive_entry, decltype([](archive_entry* entry) { archive_entry_free(entry); })> entry(archive_entry_new());
  for (const File& file : files) {
    archive_entry_clear(entry.get());
    archive_entry_set_pathname(entry.get(), file.path.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.executable ? 0755 : 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content->size()));
    archive_entry_set_mtime(entry.get(), 0, 0);
    out.check(archive_write_header(out.handle.get(), entry.get()));
    const la_ssize_t written = archive_write_data(out.handle.get(), file.content->data(), file.content->size());
    if (written != static_cast<la_ssize_t>(file.content->size())) out.check(ARCHIVE_FATAL);
  }
  out.check(archive_write_close(out.handle.get()));
  return std::move(out.bytes);
}

}  // namespace mortise::package_archive
