#include "enrich/enrich.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <set>

#include "lib/arrow_status.h"
#include "lib/cells.h"
#include "lib/options.h"

namespace mortise::plugins {
namespace {

namespace cp = arrow::compute;
using ArrayPtr = std::shared_ptr<arrow::Array>;
constexpr auto doing = "looking up";

// What keys are compared as; equal for those that can match.
std::shared_ptr<arrow::DataType> family_of(const arrow::DataType& type) {
  const auto id = type.id();
  if (id == arrow::Type::DICTIONARY) return family_of(*static_cast<const arrow::DictionaryType&>(type).value_type());
  if (arrow::is_integer(id) && id != arrow::Type::UINT64) return arrow::int64();
  if (arrow::is_floating(id)) return arrow::float64();
  if (arrow::is_string(id) || id == arrow::Type::STRING_VIEW) return arrow::large_utf8();
  if (arrow::is_date(id)) return arrow::date32();
  if (id == arrow::Type::TIMESTAMP) {
    return arrow::timestamp(arrow::TimeUnit::NANO, static_cast<const arrow::TimestampType&>(type).timezone());
  }
  if (id == arrow::Type::BOOL || id == arrow::Type::UINT64) return type.GetSharedPtr();
  throw Error(Code::unsupported, "a column of " + type.ToString() + " cannot be a key",
              "use text, numbers, dates or times");
}

ArrayPtr as_family(const ArrayPtr& array, const std::shared_ptr<arrow::DataType>& family) {
  if (array->type()->Equals(*family)) return array;
  return must(cp::Cast(arrow::Datum(array), cp::CastOptions::Safe(family)), doing).make_array();
}

void read_on(const Options& options, EnrichSpec& spec) {
  const Value* on = options.find("on");
  if (on == nullptr) {
    throw Error(Code::invalid, "on is required", "the columns that belong together: on: id, or on: {id: customer_id}")
        .with("key", "on");
  }
  if (on->is(Kind::map)) {
    const Options names = options.map("on");
    for (const Member& member : on->members()) spec.keys.emplace_back(member.key(), names.required_text(member.key()));
  } else {
    for (const std::string& name : options.texts("on")) spec.keys.emplace_back(name, name);
  }
  if (spec.keys.empty()) throw wrong_option("on", "at least one column", *on);
}

void read_columns(const Options& options, EnrichSpec& spec) {
  const Value* columns = options.find("columns");
  if (columns == nullptr) return;
  if (columns->is(Kind::map)) {
    const Options names = options.map("columns");
    for (const Member& member : columns->members()) {
      spec.columns.emplace_back(member.key(), names.required_text(member.key()));
    }
    return;
  }
  for (const std::string& name : options.texts("columns")) spec.columns.emplace_back(name, name);
}

}  // namespace

EnrichSpec read_enrich(const Value& config) {
  const Options options(config);
  options.only({"input", "stream", "with", "path", "file", "on", "columns", "prefix", "unmatched", "duplicates"});
  EnrichSpec spec;
  spec.with = options.text("with", "");
  spec.path = options.text("path", "");
  if (spec.with.empty() == spec.path.empty()) {
    throw Error(Code::invalid, "one of 'with' and 'path' is required",
                "with: the context key of the look-up table, path: a file that holds it")
        .with("key", "with");
  }
  const Options file = options.map("file");
  if (!file.value().is_null()) spec.file = file.value();
  if (!spec.path.empty()) spec.file.set("path", spec.path);
  read_on(options, spec);
  read_columns(options, spec);
  spec.prefix = options.text("prefix", "");
  const std::string unmatched = options.choice("unmatched", {"null", "drop", "fail"});
  spec.unmatched = unmatched == "null"   ? EnrichSpec::Unmatched::null
                   : unmatched == "drop" ? EnrichSpec::Unmatched::drop
                                         : EnrichSpec::Unmatched::fail;
  const std::string duplicates = options.choice("duplicates", {"fail", "first", "all"});
  spec.duplicates = duplicates == "fail"    ? EnrichSpec::Duplicates::fail
                    : duplicates == "first" ? EnrichSpec::Duplicates::first
                                            : EnrichSpec::Duplicates::all;
  return spec;
}

Enricher::Enricher(const EnrichSpec& spec, Batch lookup) : spec_(spec), lookup_(std::move(lookup)) {
  prepare_compute();
  std::vector<ArrayPtr> keys;
  for (const auto& [here, there] : spec_.keys) {
    const ArrayPtr values = column(*lookup_, there);
    keys.push_back(as_family(values, family_of(*values->type())));
  }
  if (spec_.columns.empty()) {
    for (const std::string& name : column_names(*lookup_)) {
      const auto is_key = [&](const auto& key) { return key.second == name; };
      if (std::none_of(spec_.keys.begin(), spec_.keys.end(), is_key)) spec_.columns.emplace_back(name, name);
    }
  }
  for (auto& [there, here] : spec_.columns) {
    (void)column_index(*lookup_, there);
    here = spec_.prefix + here;
  }
  index(keys);
}

void Enricher::index(const std::vector<ArrayPtr>& keys) {
  const auto rows = static_cast<std::size_t>(lookup_->num_rows());
  std::vector<std::int64_t> number(rows, 0);  // -1: a part of the key is missing
  for (const ArrayPtr& key : keys) {
    Key made;
    made.values = must(cp::Unique(arrow::Datum(must(cp::DropNull(*key), doing))), doing);
    const auto codes = must(cp::IndexIn(arrow::Datum(key), cp::SetLookupOptions(made.values)), doing).make_array();
    const auto& code = static_cast<const arrow::Int32Array&>(*codes);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto at = static_cast<std::int64_t>(row);
      if (number[row] < 0 || code.IsNull(at)) {
        number[row] = -1;
        continue;
      }
      const std::uint64_t pair =
          static_cast<std::uint64_t>(number[row]) << 32 | static_cast<std::uint32_t>(code.Value(at));
      number[row] = made.next.try_emplace(pair, static_cast<std::uint32_t>(made.next.size())).first->second;
    }
    keys_.push_back(std::move(made));
  }
  rows_of_.resize(keys_.back().next.size());
  for (std::size_t row = 0; row < rows; ++row) {
    if (number[row] < 0) continue;
    auto& list = rows_of_[static_cast<std::size_t>(number[row])];
    if (!list.empty() && spec_.duplicates == EnrichSpec::Duplicates::first) continue;
    list.push_back(static_cast<std::int64_t>(row));
    if (list.size() > 1 && spec_.duplicates == EnrichSpec::Duplicates::fail) {
      throw Error(Code::conflict,
                  "the look-up table has the key " + key_text(list[1]) + " twice, in rows " +
                      std::to_string(list[0] + 1) + " and " + std::to_string(list[1] + 1),
                  "say `duplicates: first` or `all`")
          .with("key", "duplicates")
          .with("row", std::to_string(list[1] + 1));
    }
  }
}

std::string Enricher::key_text(std::int64_t row) const {
  std::string text;
  for (const auto& [here, there] : spec_.keys) {
    if (!text.empty()) text += ", ";
    text += there + " '" + cell_text(*column(*lookup_, there), row) + "'";
  }
  return text;
}

std::vector<std::int64_t> Enricher::partners(const Batch& batch) const {
  std::vector<std::int64_t> number(static_cast<std::size_t>(batch->num_rows()), 0);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const ArrayPtr values = column(*batch, spec_.keys[i].first);
    const auto family = family_of(*values->type());
    ArrayPtr known = keys_[i].values;
    if (!family->Equals(*known->type())) {
      const bool numbers = arrow::is_numeric(family->id()) && arrow::is_numeric(known->type_id());
      if (!numbers) {
        throw Error(Code::invalid,
                    "on." + spec_.keys[i].first + ": '" + spec_.keys[i].first + "' is " + family->ToString() +
                        " and '" + spec_.keys[i].second + "' of the look-up table is " + known->type()->ToString(),
                    "bring both to one type: Data_Processing.transform with operation convert")
            .with("key", "on")
            .with("expected", known->type()->ToString())
            .with("got", family->ToString());
      }
    }
    const auto codes =
        must(cp::IndexIn(arrow::Datum(as_family(values, known->type())), cp::SetLookupOptions(known)), doing)
            .make_array();
    const auto& code = static_cast<const arrow::Int32Array&>(*codes);
    for (std::size_t row = 0; row < number.size(); ++row) {
      const auto at = static_cast<std::int64_t>(row);
      if (number[row] < 0 || values->IsNull(at) || code.IsNull(at)) {
        number[row] = -1;
        continue;
      }
      const auto found = keys_[i].next.find(static_cast<std::uint64_t>(number[row]) << 32 |
                                            static_cast<std::uint32_t>(code.Value(at)));
      number[row] = found == keys_[i].next.end() ? -1 : std::int64_t{found->second};
    }
  }
  return number;
}

Batch Enricher::apply(const Batch& batch, std::int64_t first_row) {
  const std::vector<std::int64_t> number = partners(batch);
  arrow::Int64Builder here, there;
  bool same_rows = true;
  for (std::size_t row = 0; row < number.size(); ++row) {
    const auto at = static_cast<std::int64_t>(row);
    if (number[row] >= 0) {
      const auto& rows = rows_of_[static_cast<std::size_t>(number[row])];
      same_rows = same_rows && rows.size() == 1;
      for (const std::int64_t partner : rows) {
        check(here.Append(at), doing);
        check(there.Append(partner), doing);
      }
      continue;
    }
    ++unmatched_;
    if (spec_.unmatched == EnrichSpec::Unmatched::fail) {
      std::string key;
      for (const auto& [name, unused] : spec_.keys) {
        key += (key.empty() ? "" : ", ") + name + " '" + cell_text(*column(*batch, name), at) + "'";
      }
      throw Error(Code::not_found, "row " + std::to_string(first_row + at + 1) + ": the look-up table has no " + key,
                  "say `unmatched: null` to leave the new columns empty, or drop")
          .with("row", std::to_string(first_row + at + 1));
    }
    if (spec_.unmatched == EnrichSpec::Unmatched::drop) {
      same_rows = false;
      continue;
    }
    check(here.Append(at), doing);
    check(there.AppendNull(), doing);
  }
  const ArrayPtr ours = must(here.Finish(), doing);
  const ArrayPtr theirs = must(there.Finish(), doing);
  const Batch kept = same_rows ? batch : must(cp::Take(arrow::Datum(batch), arrow::Datum(ours)), doing).record_batch();
  std::vector<NamedArray> columns;
  std::set<std::string> names;
  for (int i = 0; i < kept->num_columns(); ++i) {
    columns.push_back({kept->column_name(i), kept->column(i)});
    names.insert(kept->column_name(i));
  }
  for (const auto& [from, name] : spec_.columns) {
    if (!names.insert(name).second) {
      throw Error(Code::conflict, "the table has a column '" + name + "' already",
                  "set `prefix`, or name the new ones: columns: {" + from + ": other}")
          .with("key", "columns")
          .with("column", name);
    }
    columns.push_back({name, must(cp::Take(*column(*lookup_, from), *theirs), doing)});
  }
  return make_batch(columns, kept->num_rows());
}

}  // namespace mortise::plugins
