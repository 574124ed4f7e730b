#include "package/advisories.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/error.h"
#include "data/value_json.h"
#include "os/file.h"
#include "package/contents.h"
#include "package/language_packages.h"
#include "package/readers.h"
#include "store/advisories.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::package {
namespace {

using store::AdvisoryRow;
using store::AdvisoryStore;
using store::Connection;

constexpr std::array<std::string_view, 3> ecosystems{"PyPI", "CRAN", "Go"};
constexpr std::size_t at_once = 500;  // in one transaction, so that others are not kept waiting
constexpr std::size_t problems_told = 10;
constexpr Limits limits{.archive_bytes = 512ULL << 20, .bytes = 4ULL << 30, .file_bytes = 16ULL << 20, .files = 1'000'000};

Contents files_at(Readers& readers, const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) return Contents::from_folder(path, limits);
  const Value asked = Value::map({{"archive", Value::bytes(os::read_file(path, limits.archive_bytes))},
                                  {"limits", Value::map({{"bytes", static_cast<std::int64_t>(limits.bytes)},
                                                         {"file_bytes", static_cast<std::int64_t>(limits.file_bytes)},
                                                         {"files", static_cast<std::int64_t>(limits.files)}})}});
  return Contents::from_value(readers.ask("package_archive", "unpack", asked).at("files"), limits);
}

// "PyPI" of "PyPI" and of "PyPI:something"; empty for one that we have no use for.
std::string_view ecosystem_in(const Value& affected) {
  const Value* package = affected.find("package");
  const Value* named = package == nullptr ? nullptr : package->find("ecosystem");
  if (named == nullptr || !named->is(Kind::string)) return {};
  const std::string_view text = named->as_string().substr(0, named->as_string().find(':'));
  const auto found = std::find(ecosystems.begin(), ecosystems.end(), text);
  return found == ecosystems.end() ? std::string_view() : *found;
}

void take_over(const Value& from, Value& to, const char* key) {
  if (const Value* found = from.find(key)) to.set(key, *found);
}

// The word that OSV's sources add where they know it, and the CVSS vectors.
void take_severity(const Value& advisory, Value& kept) {
  take_over(advisory, kept, "severity");
  const Value* more = advisory.find("database_specific");
  const Value* word = more == nullptr ? nullptr : more->find("severity");
  if (word != nullptr && word->is(Kind::string)) kept.set("database_specific", Value::map({{"severity", *word}}));
}

// One row for each package that it is about.
std::vector<AdvisoryRow> rows_of(const Value& advisory, const std::string& id) {
  std::map<std::pair<std::string, std::string>, Value> about;
  for (const Value& affected : advisory.at("affected").items()) {
    const std::string_view ecosystem = ecosystem_in(affected);
    if (ecosystem.empty()) continue;
    const std::string name = normal_name(ecosystem, affected.at("package").at("name").as_string());
    Value cut = Value::map({{"package", affected.at("package")}});
    for (const char* key : {"ranges", "versions"}) take_over(affected, cut, key);
    Value& all = about.try_emplace({std::string(ecosystem), name}, Value::list()).first->second;
    all.push_back(std::move(cut));
  }
  std::vector<AdvisoryRow> rows;
  for (auto& [of, affected] : about) {
    Value kept = Value::map({{"id", id}});
    for (const char* key : {"aliases", "summary"}) take_over(advisory, kept, key);
    take_severity(advisory, kept);
    kept.set("affected", std::move(affected));
    rows.push_back({id, of.first, of.second, data::to_json(kept)});
  }
  return rows;
}

class Import {
 public:
  explicit Import(store::Database& database) : database_(database) {}

  void take(const ContentFile& file) {
    if (!file.path.ends_with(".json")) return;
    ++done_.files;
    try {
      const Value advisory = data::parse_json(file.content(), {.values = 1'000'000, .bytes = limits.file_bytes}, file.path);
      if (!advisory.is(Kind::map) || !advisory.has("affected")) throw Error(Code::invalid, "is no advisory in OSV's form: it has no `affected`");
      take(advisory);
    } catch (const Error& error) {
      if (done_.problems.size() < problems_told) done_.problems.push_back(file.path + ": " + error.describe());
    }
    if (waiting_.size() >= at_once) write();
  }

  AdvisoryImport finish() {
    write();
    return std::move(done_);
  }

 private:
  void take(const Value& advisory) {
    const std::string id(advisory.at("id").as_string());
    const Value* withdrawn = advisory.find("withdrawn");
    const bool gone = withdrawn != nullptr && !withdrawn->is_null();
    std::vector<AdvisoryRow> rows = rows_of(advisory, id);
    if (rows.empty()) {
      ++done_.elsewhere;
      return;
    }
    gone ? ++done_.withdrawn : ++done_.kept;
    if (gone) rows.clear();
    waiting_.emplace_back(id, std::move(rows));
  }

  void write() {
    database_
        .write(store::Durability::normal,
               [waiting = std::move(waiting_)](Connection& connection) {
                 AdvisoryStore advisories(connection);
                 for (const auto& [id, rows] : waiting) advisories.replace(id, rows);
               })
        .get();
    waiting_.clear();
  }

  store::Database& database_;
  AdvisoryImport done_;
  std::vector<std::pair<std::string, std::vector<AdvisoryRow>>> waiting_;
};

}  // namespace

AdvisoryImport import_advisories(store::Database& database, Readers& readers, const std::string& path) {
  const Contents contents = files_at(readers, path);
  Import taking(database);
  for (const ContentFile& file : contents.files()) taking.take(file);
  AdvisoryImport done = taking.finish();
  if (done.files == 0) {
    throw Error(Code::invalid, "'" + path + "' holds no advisories: there is no .json file in it", "OSV offers one zip for each ecosystem, such as PyPI/all.zip").with("file", path);
  }
  return done;
}

std::map<std::string, std::int64_t> count_advisories(store::Database& database) {
  return database.read([](Connection& connection) { return AdvisoryStore(connection).counts(); });
}

Value known_advisories(store::Database& database, std::string_view ecosystem, const std::vector<std::string>& names) {
  Value all = Value::list();
  const auto rows = database.read([&](Connection& connection) {
    AdvisoryStore advisories(connection);
    std::vector<AdvisoryRow> found;
    for (const std::string& name : names) {
      for (AdvisoryRow& row : advisories.about(std::string(ecosystem), name)) found.push_back(std::move(row));
    }
    return found;
  });
  for (const AdvisoryRow& row : rows) all.push_back(data::parse_json(row.content));
  return all;
}

}  // namespace mortise::package
