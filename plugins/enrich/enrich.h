// Enrich: columns of a look-up table joined to a table by key.
//
// The look-up table stands in memory, indexed once; the other one is worked on in batches. Keys of different kinds never match
// silently: a column of numbers against one of texts is an error. Missing keys match nothing.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/table.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

struct EnrichSpec {
  enum class Unmatched { null, drop, fail };   // rows without a partner
  enum class Duplicates { fail, first, all };  // of keys in the look-up table

  std::string with;                                          // context key of the look-up table; or
  std::string path;                                          // a file
  Value file = Value::map();                                 // how to read it: config of Input.file
  std::vector<std::pair<std::string, std::string>> keys;     // column here, column there
  std::vector<std::pair<std::string, std::string>> columns;  // column there, its name here; empty: all but the keys
  std::string prefix;
  Unmatched unmatched = Unmatched::null;
  Duplicates duplicates = Duplicates::fail;
};

// Throws Error{invalid} with the key.
[[nodiscard]] EnrichSpec read_enrich(const Value& config);

class Enricher {
 public:
  // Throws Error{conflict} for a key that is there twice when duplicates fail.
  Enricher(const EnrichSpec& spec, Batch lookup);

  // Counts the rows without a partner. `first_row` is for errors.
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t first_row);
  [[nodiscard]] std::int64_t unmatched() const noexcept { return unmatched_; }

 private:
  struct Key {
    std::shared_ptr<arrow::Array> values;                   // the different ones of the look-up table
    std::unordered_map<std::uint64_t, std::uint32_t> next;  // the key so far and this value's code -> the key so far
  };

  void index(const std::vector<std::shared_ptr<arrow::Array>>& keys);
  [[nodiscard]] std::vector<std::int64_t> partners(const Batch& batch) const;  // the key's number for each row, or -1
  [[nodiscard]] std::string key_text(std::int64_t row) const;

  EnrichSpec spec_;
  Batch lookup_;
  std::vector<Key> keys_;
  std::vector<std::vector<std::int64_t>> rows_of_;  // of the look-up table, by the key's number
  std::int64_t unmatched_ = 0;
};

}  // namespace mortise::plugins
