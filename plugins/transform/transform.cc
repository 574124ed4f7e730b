#include "transform/transform.h"

#include <array>
#include <initializer_list>
#include <utility>

#include "lib/options.h"
#include "lib/suggest.h"
#include "transform/columns.h"
#include "transform/values.h"

namespace mortise::plugins {
namespace {

struct Known {
  std::string_view name;
  std::unique_ptr<Operation> (*make)(const Options&);
  std::vector<std::string_view> keys;
};

const std::vector<Known>& known_operations() {
  static const std::vector<Known> known{
      {"select", make_select, {"fields"}},
      {"drop", make_drop, {"fields"}},
      {"rename", make_rename, {"mapping"}},
      {"flatten", make_flatten, {"fields", "sep"}},
      {"map", make_map, {"columns", "field", "function", "expression"}},
      {"convert", make_convert, {"types"}},
      {"filter", make_filter, {"field", "op", "value", "expression"}},
      {"sort", make_sort, {"keys", "nulls"}},
      {"limit", make_limit, {"limit", "offset"}},
      {"aggregate", make_aggregate, {"group_by", "aggregations", "aggregates"}},
  };
  return known;
}

// The manifest cannot know which keys go with which operation.
void check_keys(const Options& options, const Known& known) {
  for (const Member& member : options.value().members()) {
    const std::string_view key = member.key();
    bool fits = key == "operation" || key == "input" || key == "stream" || member.value().is_null();
    for (const std::string_view own : known.keys) fits = fits || key == own;
    if (fits) continue;
    std::vector<std::string> names(known.keys.begin(), known.keys.end());
    throw Error(
        Code::invalid,
        options.path(key) + ": operation '" + std::string(known.name) + "' has no key '" + std::string(key) + "'",
        suggestion(key, names))
        .with("key", options.path(key));
  }
}

std::unique_ptr<Operation> read_operation(const Options& options) {
  const std::string name = options.required_text("operation");
  std::vector<std::string> names;
  for (const Known& known : known_operations()) {
    names.emplace_back(known.name);
    if (known.name != name) continue;
    check_keys(options, known);
    return known.make(options);
  }
  throw Error(Code::invalid, options.path("operation") + ": unsupported transform operation: " + name,
              suggestion(name, names))
      .with("key", options.path("operation"))
      .with("got", name);
}

}  // namespace

std::vector<std::unique_ptr<Operation>> read_transform(const Value& config) {
  const Options options(config);
  std::vector<std::unique_ptr<Operation>> operations;
  const Value* listed = options.find("operations");
  if (listed == nullptr) {
    operations.push_back(read_operation(options));
    return operations;
  }
  options.only({"input", "stream", "operations"});
  if (!listed->is(Kind::list) || listed->size() == 0) throw wrong_option("operations", "a list of operations", *listed);
  for (std::size_t i = 0; i < listed->size(); ++i) {
    operations.push_back(read_operation(Options((*listed)[i], "operations[" + std::to_string(i) + "]")));
  }
  return operations;
}

Batch transform(Batch table, const std::vector<std::unique_ptr<Operation>>& operations) {
  for (const auto& operation : operations) table = operation->apply(table, 0);
  return table;
}

}  // namespace mortise::plugins
