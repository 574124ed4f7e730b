#include "package/parcel.h"

#include <filesystem>

#include "base/error.h"
#include "data/value_json.h"
#include "os/file.h"
#include "package/inspection.h"
#include "plugin/manifest.h"

namespace mortise::package {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_signature = 16'384;

const char* word_of(SignatureCheck::State state) {
  switch (state) {
    case SignatureCheck::State::none: return "none";
    case SignatureCheck::State::unknown_key: return "unknown_key";
    case SignatureCheck::State::verified: return "verified";
    case SignatureCheck::State::refused: return "refused";
  }
  return "none";
}

Contents contents_of(Readers& readers, const Parcel& parcel, const Limits& limits) {
  if (parcel.archive.empty() && !parcel.folder.empty()) return Contents::from_folder(parcel.folder, limits);
  return unpack(readers, parcel.archive, limits);
}

// What the manifest's own errors say, behind the words that all of them have.
Error invalid_manifest(const Error& error) {
  Error outer(error.code(), std::string("Invalid manifest: ") + error.what(), error.hint());
  bool has_file = false;
  for (const auto& [name, value] : error.details()) {
    outer.with(name, value);
    has_file = has_file || name == "file";
  }
  if (!has_file) outer.with("file", "manifest.json");
  return outer;
}

plugin::Descriptor descriptor_of(const Contents& contents) {
  const std::string_view manifest = contents.manifest();
  try {
    plugin::Descriptor descriptor = plugin::parse_manifest(manifest);
    require_entry(contents, descriptor);
    return descriptor;
  } catch (const Error& error) {
    throw invalid_manifest(error);
  }
}

// The findings that the policy refuses.
std::vector<const Value*> refused_findings(const Value& scan, const Policy& policy) {
  std::vector<const Value*> refused;
  for (const char* kind : {"issues", "warnings"}) {
    const Value* findings = scan.find(kind);
    if (findings == nullptr) continue;
    for (const Value& finding : findings->items()) {
      if (policy.refuses(finding.at("severity").as_string())) refused.push_back(&finding);
    }
  }
  return refused;
}

void judge_scan(const Opened& package, const Policy& policy) {
  const auto refused = refused_findings(package.scan, policy);
  if (refused.empty()) return;
  const Value& first = *refused.front();
  const std::string place = std::string(first.at("file").as_string()) + ":" + std::to_string(first.at("line").as_int64());
  throw Error(Code::denied,
              "Security scan failed: " + std::to_string(refused.size()) + (refused.size() == 1 ? " critical issue found" : " critical issues found"),
              place + ": " + std::string(first.at("message").as_string()) + "; " + std::string(first.at("advice").as_string()))
      .with("plugin", package.descriptor.id)
      .with("scan", data::to_json(package.scan));
}

void judge_signature(const Opened& package, const Policy& policy) {
  if (policy.signatures == Policy::Signatures::off) return;
  const SignatureCheck& check = package.signature;
  const auto refuse = [&](const std::string& why, const std::string& hint) {
    return Error(Code::denied, "plugin '" + package.descriptor.id + "' " + package.descriptor.version_text + " " + why, hint)
        .with("plugin", package.descriptor.id)
        .with("key_id", check.key_id);
  };
  if (check.state == SignatureCheck::State::refused)
    throw refuse("does not fit its signature: " + check.message, "get it again from its publisher");
  if (policy.signatures != Policy::Signatures::required || check.state == SignatureCheck::State::verified) return;
  throw refuse(check.state == SignatureCheck::State::none ? "is not signed" : "is signed with key " + check.key_id + ", which is not trusted here",
               "packages.signatures is `required`: name the publisher's public key in packages.trusted_keys");
}

}  // namespace

Parcel Parcel::from_path(const std::string& path, const Limits& limits) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return {{}, path, {}, path};
  Parcel parcel{os::read_file(path, limits.archive_bytes), {}, {}, path};
  const std::string beside = path + ".minisig";
  if (fs::exists(beside, failure)) parcel.signature = os::read_file(beside, largest_signature);
  return parcel;
}

Value SignatureCheck::to_value() const {
  return Value::map({{"state", word_of(state)}, {"key_id", key_id}, {"comment", comment}, {"message", message}});
}

SignatureCheck check_signature(const Parcel& parcel, const std::vector<PublicKey>& keys) {
  using State = SignatureCheck::State;
  if (parcel.signature.empty()) return {State::none, "", "", "nobody signed it"};
  try {
    const std::string claimed = Signature::claimed_key_id(parcel.signature);
    for (const PublicKey& key : keys) {
      if (key.id_text() != claimed) continue;
      const Signature signature = Signature::verify(parcel.signature, parcel.archive, key);
      return {State::verified, signature.key_id, signature.comment, "signed with a key that is trusted here"};
    }
    return {State::unknown_key, claimed, "", "says to be signed with key " + claimed + ", which is not among those that are trusted"};
  } catch (const Error& error) {
    return {State::refused, "", "", error.describe()};
  }
}

Opened open(Readers& readers, const Parcel& parcel, const Policy& policy) {
  Opened package;
  try {
    package.contents = contents_of(readers, parcel, policy.limits);
    package.descriptor = descriptor_of(package.contents);
  } catch (Error& error) {
    throw error.with("source", parcel.source);
  }
  package.signature = check_signature(parcel, policy.keys());
  package.scan = scan(readers, package.contents);
  package.source = parcel.source;
  return package;
}

void judge(const Opened& package, const Policy& policy, Findings findings) {
  judge_signature(package, policy);
  if (findings == Findings::judged) judge_scan(package, policy);
}

}  // namespace mortise::package
