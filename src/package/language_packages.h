// Language packages: what a plugin declares to need of PyPI, CRAN or Go's modules: in its manifest, and for Go in go.mod too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "package/contents.h"
#include "plugin/descriptor.h"

namespace mortise::package {

struct LanguagePackage {
  std::string name;   // as declared, without extras: "requests" of "requests[socks]>=2"
  std::string range;  // ">=2", "==1.2.3", "v1.4.0"; empty: any
};

// "PyPI", "CRAN", "Go", as OSV names them; empty for languages without one.
[[nodiscard]] std::string_view ecosystem_of(std::string_view language) noexcept;
// By name, each once.
[[nodiscard]] std::vector<LanguagePackage> language_packages(const Contents& contents, const plugin::Descriptor& plugin);
// What two spellings of one package have in common: PyPI's names are free in capitals and in - _ . between words.
[[nodiscard]] std::string normal_name(std::string_view ecosystem, std::string_view name);
// The one version that a range admits: "==1.2.3", "1.2.3", "v1.4.0"; empty when it admits several.
[[nodiscard]] std::string pinned_version(std::string_view range);

}  // namespace mortise::package
