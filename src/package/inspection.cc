#include "package/inspection.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"
#include "package/language_packages.h"
#include "package/parcel.h"
#include "package/readers.h"
#include "plugin/manifest.h"

namespace mortise::package {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view archive_plugin = "package_archive";
constexpr std::string_view scanner_plugin = "package_scanner";
constexpr std::string_view signature_ending = ".minisig";

Value limits_value(const Limits& limits) {
  return Value::map({{"bytes", static_cast<std::int64_t>(limits.bytes)},
                     {"file_bytes", static_cast<std::int64_t>(limits.file_bytes)},
                     {"files", static_cast<std::int64_t>(limits.files)}});
}

Value manifest_issue(const Error& error) {
  return Value::map({{"rule", "manifest"},
                     {"severity", "high"},
                     {"file", "manifest.json"},
                     {"line", 0},
                     {"code", ""},
                     {"message", error.describe()},
                     {"advice", error.hint().empty() ? std::string("docs/manifest.md lists every key") : error.hint()},
                     {"permission", ""}});
}

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

// What it needs of its language, and what is known to be wrong with that.
void add_dependencies(Readers& readers, const Contents& contents, const plugin::Descriptor& descriptor, Value& input) {
  const std::string_view ecosystem = ecosystem_of(descriptor.language);
  Value list = Value::list();
  std::vector<std::string> names;
  for (const LanguagePackage& need : language_packages(contents, descriptor)) {
    list.push_back(Value::map({{"name", need.name}, {"version", need.range}}));
    names.push_back(normal_name(ecosystem, need.name));
  }
  input.set("ecosystem", ecosystem);
  input.set("dependencies", std::move(list));
  if (!ecosystem.empty() && !names.empty()) input.set("advisories", readers.advisories(ecosystem, names));
}

// The manifest, or why there is none that could be used.
struct Manifest {
  std::optional<plugin::Descriptor> descriptor;
  std::optional<Error> problem;
};

Manifest manifest_of(const Contents& contents) {
  try {
    plugin::Descriptor descriptor = plugin::parse_manifest(contents.manifest());
    require_entry(contents, descriptor);
    return {std::move(descriptor), std::nullopt};
  } catch (const Error& error) {
    return {std::nullopt, error};
  }
}

Value scan(Readers& readers, const Contents& contents, const Manifest& manifest) {
  Value input = Value::map({{"files", contents.to_value()}, {"permissions", Value::list()}, {"dependencies", Value::list()}});
  if (manifest.descriptor) {
    input.set("permissions", texts(manifest.descriptor->permissions));
    add_dependencies(readers, contents, *manifest.descriptor, input);
  }
  Value found = readers.ask(scanner_plugin, "scan", input);
  if (!manifest.problem) return found;
  Value issues = Value::list({manifest_issue(*manifest.problem)});
  for (const Value& issue : found.at("issues").items()) issues.push_back(issue);
  found.set("issues", std::move(issues));
  found.set("verdict", "unsafe");
  return found;
}

Value signature_of(const std::string& path, const std::vector<PublicKey>& keys) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return SignatureCheck{SignatureCheck::State::none, "", "", "nobody signed it"}.to_value();
  return check_signature(Parcel::from_path(path), keys).to_value();
}

}  // namespace

void require_entry(const Contents& contents, const plugin::Descriptor& descriptor) {
  if (contents.find(descriptor.entry) != nullptr) return;
  throw Error(Code::invalid, "entry_point: " + descriptor.entry + " is not in the package", "the manifest names a file of the package")
      .with("file", "manifest.json")
      .with("key", "entry_point");
}

Contents unpack(Readers& readers, std::string_view archive, const Limits& limits) {
  const Value input = Value::map({{"archive", Value::bytes(archive)}, {"limits", limits_value(limits)}});
  return Contents::from_value(readers.ask(archive_plugin, "unpack", input).at("files"), limits);
}

Contents open_package(Readers& readers, const std::string& path, const Limits& limits) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return Contents::from_folder(path, limits);
  try {
    return unpack(readers, os::read_file(path, limits.archive_bytes), limits);
  } catch (Error& error) {
    throw error.with("file", path);
  }
}

Value scan(Readers& readers, const Contents& contents) { return scan(readers, contents, manifest_of(contents)); }

Value inspect(Readers& readers, const std::string& path, const std::vector<PublicKey>& keys) {
  const Contents contents = open_package(readers, path);
  const Manifest manifest = manifest_of(contents);
  Value report = Value::map({{"name", nullptr},
                             {"version", nullptr},
                             {"digest", contents.digest()},
                             {"files", static_cast<std::int64_t>(contents.files().size())},
                             {"bytes", static_cast<std::int64_t>(contents.bytes())},
                             {"signature", signature_of(path, keys)},
                             {"scan", scan(readers, contents, manifest)}});
  if (manifest.descriptor) {
    report.set("name", manifest.descriptor->id);
    report.set("version", manifest.descriptor->version_text);
  }
  return report;
}

Packed pack(Readers& readers, const std::string& package, const std::string& folder, const std::optional<SecretKey>& key) {
  const Contents contents = Contents::from_folder(package);
  const plugin::Descriptor descriptor = plugin::parse_manifest(contents.manifest(), os::join(package, "manifest.json"));
  require_entry(contents, descriptor);
  const Value made = readers.ask(archive_plugin, "pack", Value::map({{"files", contents.to_value()}}));
  const std::string_view archive = made.at("archive").as_bytes();
  os::make_directories(folder, 0755);
  Packed packed;
  packed.file = os::join(folder, descriptor.id + "-" + descriptor.version_text + ".tar.gz");
  packed.digest = contents.digest();
  packed.bytes = archive.size();
  constexpr mode_t readable = 0644;
  if (key) {
    packed.signature = packed.file + std::string(signature_ending);
    const std::string comment = "timestamp:" + std::to_string(now().nanoseconds / 1'000'000'000) + " name:" + descriptor.id +
                                " version:" + descriptor.version_text + " sha256:" + packed.digest;
    os::write_file(packed.signature, key->sign(archive, comment), readable);  // before what it signs: never one without it
  }
  os::write_file(packed.file, archive, readable);
  return packed;
}

}  // namespace mortise::package
