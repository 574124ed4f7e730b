// What the verbs of `marketplace` and `advisories` take beside what all verbs take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mortise::cli {

struct MarketArguments {
  std::string word;  // the verb below `marketplace` or `advisories`: "publish"
  std::string name, version, text, note, address, folder, file, token_file, expires, marketplace;
  std::string category, language, point, sort, state;
  std::vector<std::string> words, tags, keys;
  std::int64_t rating = 0, limit = 50;
  bool verified = false, featured = false, revoke = false, approve = false, root = false;
};

}  // namespace mortise::cli
