#include "package/sbom.h"

#include <algorithm>

#include "package/language_packages.h"
#include "store/sha256.h"

namespace mortise::package {
namespace {

Value hashes(const std::string& sha256) { return Value::list({Value::map({{"alg", "SHA-256"}, {"content", sha256}})}); }

Value property(const char* name, const std::string& value) { return Value::map({{"name", name}, {"value", value}}); }

// Package URLs escape all but the unreserved characters; "/" stays in Go's names, which are paths.
std::string escaped(std::string_view text, std::string_view kept) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain || kept.find(c) != std::string_view::npos) {
      made += c;
    } else {
      made += '%';
      made += digits[static_cast<unsigned char>(c) >> 4U];
      made += digits[static_cast<unsigned char>(c) & 15U];
    }
  }
  return made;
}

std::string package_url(std::string_view ecosystem, const std::string& name, const std::string& version) {
  const std::string type = ecosystem == "PyPI" ? "pypi" : ecosystem == "CRAN" ? "cran" : "golang";
  return "pkg:" + type + "/" + escaped(normal_name(ecosystem, name), ecosystem == "Go" ? "/" : "") + (version.empty() ? "" : "@" + escaped(version, ""));
}

std::string plugin_url(const std::string& name, const std::string& version) {
  return "pkg:generic/" + escaped(name, "") + (version.empty() ? "" : "@" + escaped(version, ""));
}

// Names and operators of SPDX alone make an expression; anything else is a name.
Value licenses(const std::string& license) {
  const bool expression = std::all_of(license.begin(), license.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-.+() ").find(c) != std::string_view::npos;
  });
  if (expression && license.find(' ') == std::string::npos) return Value::list({Value::map({{"expression", license}})});
  return Value::list({Value::map({{"license", Value::map({{"name", license}})}})});
}

// The first half of the digest as a UUID (version 8: the rest is the maker's own).
std::string serial_number(const std::string& digest) {
  return "urn:uuid:" + digest.substr(0, 8) + "-" + digest.substr(8, 4) + "-8" + digest.substr(13, 3) + "-a" + digest.substr(17, 3) + "-" + digest.substr(20, 12);
}

Value main_component(const Contents& contents, const plugin::Descriptor& plugin, const std::string& ref) {
  Value component = Value::map({{"type", "application"}, {"bom-ref", ref}, {"name", plugin.id}, {"version", plugin.version_text}, {"description", plugin.description}});
  Value author = Value::map({{"name", plugin.author}});
  if (!plugin.author_email.empty()) author.set("email", plugin.author_email);
  component.set("authors", Value::list({author}));
  if (!plugin.license.empty()) component.set("licenses", licenses(plugin.license));
  component.set("purl", ref);
  component.set("properties", Value::list({property("mortise:language", plugin.language), property("mortise:entry_point", plugin.entry),
                                           property("mortise:content_digest", "sha256:" + contents.digest())}));
  return component;
}

}  // namespace

Value sbom_of(const Contents& contents, const plugin::Descriptor& plugin, const std::string& version) {
  const std::string ref = plugin_url(plugin.id, plugin.version_text);
  Value components = Value::list(), needed = Value::list();
  for (const ContentFile& file : contents.files()) {
    components.push_back(Value::map({{"type", "file"}, {"bom-ref", "file:" + file.path}, {"name", file.path}, {"hashes", hashes(store::sha256_of(file.content()))}}));
  }
  const auto need = [&](const std::string& url, const std::string& name, const std::string& pinned, const std::string& range, const char* kind) {
    Value component = Value::map({{"type", kind}, {"bom-ref", url}, {"name", name}});
    if (!pinned.empty()) component.set("version", pinned);
    component.set("scope", "required");
    component.set("purl", url);
    if (!range.empty()) component.set("properties", Value::list({property("mortise:range", range)}));
    components.push_back(std::move(component));
    needed.push_back(url);
  };
  const std::string_view ecosystem = ecosystem_of(plugin.language);
  for (const LanguagePackage& one : language_packages(contents, plugin)) {
    const std::string pinned = pinned_version(one.range);
    if (ecosystem.empty()) {
      need(plugin_url(one.name, pinned), one.name, pinned, one.range, "library");
    } else {
      need(package_url(ecosystem, one.name, pinned), one.name, pinned, one.range, "library");
    }
  }
  for (const plugin::Requirement& one : plugin.requires_) {
    if (one.type == plugin::Requirement::Type::plugin && one.name != plugin.id) need(plugin_url(one.name, ""), one.name, "", one.range, "application");
  }
  return Value::map({{"$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"},
                     {"bomFormat", "CycloneDX"},
                     {"specVersion", "1.6"},
                     {"serialNumber", serial_number(contents.digest())},
                     {"version", 1},
                     {"metadata", Value::map({{"tools", Value::map({{"components", Value::list({Value::map({{"type", "application"}, {"name", "mortise"}, {"version", version}})})}})},
                                              {"component", main_component(contents, plugin, ref)}})},
                     {"components", std::move(components)},
                     {"dependencies", Value::list({Value::map({{"ref", ref}, {"dependsOn", std::move(needed)}})})}});
}

}  // namespace mortise::package
