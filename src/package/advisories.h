// Advisories: known vulnerabilities of language packages, out of the database of OSV (https://ossf.github.io/osv-schema/), which the operator
// brings: a host need not reach the network for it. Kept is what concerns PyPI, CRAN and Go; the scanner compares it with what a
// package declares.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {
class Database;
}

namespace mortise::package {

class Readers;

struct AdvisoryImport {
  std::int64_t files = 0, kept = 0, withdrawn = 0, elsewhere = 0;  // elsewhere: of other ecosystems alone
  std::vector<std::string> problems;                               // "GHSA-x.json: why", the first few
};

// A folder of OSV's JSON files, or a zip of them as OSV offers one for each ecosystem ("PyPI/all.zip"). One that is known already is replaced,
// one that was withdrawn is forgotten. What is no advisory is told and passed over. Throws Error. Slow.
AdvisoryImport import_advisories(store::Database& database, Readers& readers, const std::string& path);

// How many are known, by ecosystem.
[[nodiscard]] std::map<std::string, std::int64_t> count_advisories(store::Database& database);

// Those about these packages (normal names), in OSV's form, cut to what concerns them: {id, aliases, summary, severity, affected}.
[[nodiscard]] Value known_advisories(store::Database& database, std::string_view ecosystem, const std::vector<std::string>& names);

}  // namespace mortise::package
