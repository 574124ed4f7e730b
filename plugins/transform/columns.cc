// The operations that choose, name and unfold columns.
#include "transform/columns.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "lib/arrow_status.h"
#include "lib/suggest.h"

namespace mortise::plugins {
namespace {

std::vector<std::string> required_names(const Options& options, std::string_view key) {
  std::vector<std::string> names = options.texts(key);
  if (names.empty()) {
    throw Error(Code::invalid, options.path(key) + " is required", "a list of columns: [a, b]")
        .with("key", options.path(key));
  }
  return names;
}

class Select : public Operation {
 public:
  explicit Select(const Options& options) : names_(required_names(options, "fields")) {
    std::set<std::string_view> seen;
    for (const std::string& name : names_) {
      if (seen.insert(name).second) continue;
      throw Error(Code::invalid, options.path("fields") + ": '" + name + "' is there twice").with("column", name);
    }
  }
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override {
    std::vector<NamedArray> columns;
    for (const std::string& name : names_) columns.push_back({name, column(*batch, name)});
    return make_batch(columns, batch->num_rows());
  }

 private:
  std::vector<std::string> names_;
};

class Drop : public Operation {
 public:
  explicit Drop(const Options& options) : names_(required_names(options, "fields")) {}
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override {
    for (const std::string& name : names_) (void)column_index(*batch, name);
    std::vector<NamedArray> columns;
    for (int i = 0; i < batch->num_columns(); ++i) {
      if (std::find(names_.begin(), names_.end(), batch->column_name(i)) != names_.end()) continue;
      columns.push_back({batch->column_name(i), batch->column(i)});
    }
    return make_batch(columns, batch->num_rows());
  }

 private:
  std::vector<std::string> names_;
};

class Rename : public Operation {
 public:
  explicit Rename(const Options& options) : key_(options.path("mapping")) {
    const Options mapping = options.map("mapping");
    if (mapping.value().is_null() || mapping.value().size() == 0) {
      throw Error(Code::invalid, key_ + " is required", "old and new names: {old: new}").with("key", key_);
    }
    for (const Member& member : mapping.value().members()) {
      names_.emplace(member.key(), mapping.required_text(member.key()));
    }
  }
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override {
    for (const auto& [name, unused] : names_) (void)column_index(*batch, name);
    std::set<std::string> seen;
    std::vector<NamedArray> columns;
    for (int i = 0; i < batch->num_columns(); ++i) {
      const auto wanted = names_.find(batch->column_name(i));
      std::string name = wanted == names_.end() ? batch->column_name(i) : wanted->second;
      if (!seen.insert(name).second) {
        throw Error(Code::conflict, key_ + ": two columns would be named '" + name + "'", "choose another name")
            .with("key", key_)
            .with("column", name);
      }
      columns.push_back({std::move(name), batch->column(i)});
    }
    return make_batch(columns, batch->num_rows());
  }

 private:
  std::string key_;
  std::map<std::string, std::string> names_;
};

// Columns of structs become columns of their fields, "address.city", as deep as they go.
class Flatten : public Operation {
 public:
  explicit Flatten(const Options& options) : names_(options.texts("fields")), separator_(options.text("sep", ".")) {}
  [[nodiscard]] Batch apply(const Batch& batch, std::int64_t) const override {
    for (const std::string& name : names_) (void)column_index(*batch, name);
    std::vector<NamedArray> columns;
    for (int i = 0; i < batch->num_columns(); ++i) {
      const std::string& name = batch->column_name(i);
      const bool wanted = names_.empty() || std::find(names_.begin(), names_.end(), name) != names_.end();
      unfold(name, batch->column(i), wanted, columns);
    }
    std::set<std::string_view> seen;
    for (const NamedArray& made : columns) {
      if (seen.insert(made.name).second) continue;
      throw Error(Code::conflict, "flatten: two columns would be named '" + made.name + "'", "set another `sep`")
          .with("column", made.name);
    }
    return make_batch(columns, batch->num_rows());
  }

 private:
  void unfold(const std::string& name, const std::shared_ptr<arrow::Array>& array, bool wanted,
              std::vector<NamedArray>& columns) const {
    if (!wanted || array->type_id() != arrow::Type::STRUCT) {
      columns.push_back({name, array});
      return;
    }
    const auto& record = static_cast<const arrow::StructArray&>(*array);
    for (int i = 0; i < record.num_fields(); ++i) {
      // With the nulls of the record itself.
      unfold(name + separator_ + record.struct_type()->field(i)->name(),
             must(record.GetFlattenedField(i), "flattening"), true, columns);
    }
  }

  std::vector<std::string> names_;
  std::string separator_;
};

}  // namespace

std::unique_ptr<Operation> make_select(const Options& options) { return std::make_unique<Select>(options); }
std::unique_ptr<Operation> make_drop(const Options& options) { return std::make_unique<Drop>(options); }
std::unique_ptr<Operation> make_rename(const Options& options) { return std::make_unique<Rename>(options); }
std::unique_ptr<Operation> make_flatten(const Options& options) { return std::make_unique<Flatten>(options); }

}  // namespace mortise::plugins
