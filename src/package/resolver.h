// Resolver: which version of which plugin package, so that every need is met; or why that cannot be.
//
// The algorithm is PubGrub (N. Weizenbaum, "PubGrub: Next-Generation Version Solving", 2018): unit propagation over rules
// ("these cannot all be true") with conflict-driven learning, so that a dead end is met once, and a refusal can be told as the
// chain of rules that leads to it. The newest version that fits is taken; a version that is preferred (installed, locked)
// goes before newer ones, so that nothing changes without need. Pre-releases are taken only where a need names one.
//
// The answer depends on nothing but the input: the same packages and needs give the same versions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/semver.h"

namespace mortise::package {

struct Need {
  std::string package;
  Range range;
};

struct Candidate {
  Version version;
  std::vector<Need> needs;
};

// What is to be had. Asked once for each package that some need names.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // In any order; empty when nobody has the package.
  [[nodiscard]] virtual std::vector<Candidate> candidates(const std::string& package) = 0;
};

struct Resolution {
  std::map<std::string, Version> versions;  // of everything that the needs lead to
  std::vector<std::string> order;           // what others need before what needs it
};

// `who` is what the needs are told as: "this host", "plugin 'x' 1.0.0". Throws Error{conflict}: the message says in one
// sentence what cannot be, the hint why, rule by rule; or names a cycle ("a -> b -> a").
[[nodiscard]] Resolution resolve(Catalog& catalog, const std::string& who, const std::vector<Need>& needs,
                                 const std::map<std::string, Version>& preferred = {});

}  // namespace mortise::package
