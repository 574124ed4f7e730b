// Which columns of a file are wanted.
#include <algorithm>

#include "input_file/input_file.h"
#include "lib/suggest.h"

namespace mortise::plugins {
namespace {

std::size_t find_column(const std::vector<std::string>& names, const std::string& wanted, const std::string& key) {
  const auto found = std::find(names.begin(), names.end(), wanted);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw Error(Code::not_found, key + ": the file has no column '" + wanted + "'", suggestion(wanted, names))
      .with("key", key)
      .with("column", wanted);
}

}  // namespace

std::vector<std::size_t> chosen_columns(const std::vector<std::string>& names, const FileSpec& spec) {
  std::vector<std::size_t> chosen;
  for (const std::string& wanted : spec.columns) {
    const std::size_t at = find_column(names, wanted, "columns");
    if (std::find(chosen.begin(), chosen.end(), at) != chosen.end()) {
      throw Error(Code::invalid, "columns: '" + wanted + "' is wanted twice")
          .with("key", "columns")
          .with("column", wanted);
    }
    chosen.push_back(at);
  }
  if (!spec.columns.empty()) return chosen;
  for (std::size_t i = 0; i < names.size(); ++i) chosen.push_back(i);
  return chosen;
}

void check_typed_columns(const std::vector<std::string>& names, const FileSpec& spec) {
  for (const auto& [name, type] : spec.types) (void)find_column(names, name, "types");
}

}  // namespace mortise::plugins
