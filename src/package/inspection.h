// What a package is, before anything of it is trusted: its files, its manifest, what the scanner finds, who signed it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "package/contents.h"
#include "package/minisign.h"
#include "plugin/descriptor.h"

namespace mortise::package {

class Readers;

// The files of a folder, or of an archive (tar.gz, tar.zst, tar, zip). Throws Error that names what is wrong with them. Slow.
[[nodiscard]] Contents open_package(Readers& readers, const std::string& path, const Limits& limits = {});

// The same of bytes. Throws Error{invalid} that names the entry.
[[nodiscard]] Contents unpack(Readers& readers, std::string_view archive, const Limits& limits = {});

// Throws Error{invalid} when the file that the manifest begins with is not there.
void require_entry(const Contents& contents, const plugin::Descriptor& descriptor);

// {"verdict", "risk_level", "issues", "warnings", "scans_performed", "lines"} of package_scanner. A manifest that cannot be read is an
// issue of its own (rule `manifest`), and then every permission counts as undeclared. Slow.
[[nodiscard]] Value scan(Readers& readers, const Contents& contents);

// {"name", "version", "digest", "files", "bytes", "signature", "scan"}; name and version are null where the manifest is broken.
//   signature   {"state": "none" | "unknown_key" | "verified" | "refused", "key_id", "comment", "message"}: of the file
//               PATH.minisig beside an archive, by one of the keys
[[nodiscard]] Value inspect(Readers& readers, const std::string& path, const std::vector<PublicKey>& keys = {});

struct Packed {
  std::string file;       // NAME-VERSION.tar.gz
  std::string signature;  // its .minisig, empty when nobody signed
  std::string digest;     // of the contents
  std::uint64_t bytes = 0;
};
// Packs a folder whose manifest is sound into `folder`/NAME-VERSION.tar.gz, all or nothing. Throws Error. Slow.
[[nodiscard]] Packed pack(Readers& readers, const std::string& package, const std::string& folder,
                          const std::optional<SecretKey>& key);

}  // namespace mortise::package
