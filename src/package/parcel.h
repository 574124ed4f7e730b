// Parcel: a package on its way in. Opened, it is unpacked and looked through as a whole, by workers that may touch no file, before
// anything of it is kept; judged, it is let in or refused.
#pragma once

#include <string>

#include "package/contents.h"
#include "package/policy.h"
#include "plugin/descriptor.h"

namespace mortise::package {

class Readers;

struct Parcel {
  std::string archive;    // tar.gz, tar.zst, tar or zip; empty: the files lie in `folder`
  std::string folder;     // of the operator's machine, absolute
  std::string signature;  // the text of a .minisig for the archive; empty: none came with it
  std::string source;     // for the record: "upload", a path, the address of a marketplace

  // A folder, or an archive with PATH.minisig beside it. Throws Error.
  [[nodiscard]] static Parcel from_path(const std::string& path, const Limits& limits = {});
};

struct SignatureCheck {
  enum class State { none, unknown_key, verified, refused };
  State state = State::none;
  std::string key_id, comment;
  std::string message;  // for people

  // {"state", "key_id", "comment", "message"}
  [[nodiscard]] Value to_value() const;
};

[[nodiscard]] SignatureCheck check_signature(const Parcel& parcel, const std::vector<PublicKey>& keys);

struct Opened {
  Contents contents;
  plugin::Descriptor descriptor;  // as its manifest has it; no folder
  Value scan;                     // {"verdict", "issues", "warnings", ...}
  SignatureCheck signature;
  std::string source;
};

// Slow. Throws Error{invalid} for what cannot be unpacked or has no sound manifest ("Invalid manifest: ...").
[[nodiscard]] Opened open(Readers& readers, const Parcel& parcel, const Policy& policy);

enum class Findings { judged, DANGEROUSLY_accepted };
// Throws Error{denied}: "Security scan failed: 2 critical issues found", with the scan as JSON in the detail `scan`; or what is wrong
// with its signature.
void judge(const Opened& package, const Policy& policy, Findings findings);

}  // namespace mortise::package
