#include "http/pipeline_catalog.h"

#include <algorithm>
#include <filesystem>

#include "base/suggest.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::http {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t most_files = 1000;  // of one folder
constexpr int deepest = 4;

bool is_pipeline_file(const fs::path& path) {
  const std::string ending = path.extension();
  return ending == ".yaml" || ending == ".yml" || ending == ".json";
}

// What stands in the file, not what is in the environment of the server.
std::optional<std::string> as_written(const std::string& name) { return "${" + name + "}"; }

std::string id_of(const fs::path& file, const fs::path& folder) {
  fs::path relative = file.lexically_relative(folder);
  return relative.replace_extension().string();
}

std::vector<PipelineCatalog::Entry> read(const fs::path& file, const fs::path& folder, PipelineCatalog::Origin origin) {
  using Entry = PipelineCatalog::Entry;
  const std::string id = id_of(file, folder);
  std::vector<Entry> entries;
  try {
    std::vector<jobs::Pipeline> pipelines = jobs::read_pipeline_list(file.string(), as_written);
    const bool several = pipelines.size() > 1;
    for (jobs::Pipeline& pipeline : pipelines) {
      Entry entry{several ? id + "#" + pipeline.name : id, pipeline.name, file.string(), origin, {}, {}};
      entry.pipeline = std::move(pipeline);
      entries.push_back(std::move(entry));
    }
  } catch (const Error& error) {
    entries.push_back({id, id, file.string(), origin, {}, error});
  }
  return entries;
}

void scan(const fs::path& folder, PipelineCatalog::Origin origin, std::vector<PipelineCatalog::Entry>& all) {
  std::error_code failure;
  std::size_t files = 0;
  for (fs::recursive_directory_iterator place(folder, fs::directory_options::skip_permission_denied, failure), end;
       place != end && !failure; place.increment(failure)) {
    const bool hidden = place->path().filename().string().starts_with('.');
    if (place->is_directory(failure) && (hidden || place.depth() + 1 >= deepest)) place.disable_recursion_pending();
    if (hidden || !place->is_regular_file(failure) || !is_pipeline_file(place->path())) continue;
    if (++files > most_files) break;
    auto entries = read(place->path(), folder, origin);
    std::move(entries.begin(), entries.end(), std::back_inserter(all));
  }
}

// A file name from a name that people chose.
std::string slug(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    const bool capital = c >= 'A' && c <= 'Z';
    text.push_back(plain ? c : capital ? static_cast<char>(c - 'A' + 'a') : '-');
  }
  return text.substr(0, 100);
}

}  // namespace

PipelineCatalog::PipelineCatalog(std::vector<std::string> folders, std::string registered)
    : folders_(std::move(folders)), registered_(std::move(registered)) {}

std::vector<PipelineCatalog::Entry> PipelineCatalog::list() const {
  std::vector<Entry> all;
  for (const std::string& folder : folders_) scan(folder, Origin::folder, all);
  scan(registered_, Origin::registered, all);
  std::stable_sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
  return all;
}

Error PipelineCatalog::unknown(std::string_view wanted, const std::vector<Entry>& all) const {
  std::vector<std::string_view> names;
  for (const Entry& entry : all) {
    names.push_back(entry.id);
    names.push_back(entry.name);
  }
  const auto near = nearest(wanted, names);
  return Error(Code::not_found, "pipeline not found: " + std::string(wanted),
               near ? "did you mean '" + *near + "'?"
                    : "GET /api/v1/pipelines lists those that are known; pipelines.directories says where they are")
      .with("pipeline", std::string(wanted));
}

PipelineCatalog::Entry PipelineCatalog::with_id(std::string_view id) const {
  const std::vector<Entry> all = list();
  for (const Entry& entry : all) {
    if (entry.id != id) continue;
    if (entry.problem) throw *entry.problem;
    return entry;
  }
  throw unknown(id, all);
}

PipelineCatalog::Entry PipelineCatalog::with_name(std::string_view name) const {
  const std::vector<Entry> all = list();
  const Entry* found = nullptr;
  for (const Entry& entry : all) {
    if (entry.name != name || entry.problem) continue;
    if (found != nullptr) {
      throw Error(Code::conflict, "two pipelines are named '" + std::string(name) + "'", "use pipeline_id instead")
          .with("first", found->id)
          .with("second", entry.id);
    }
    found = &entry;
  }
  if (found != nullptr) return *found;
  return with_id(name);
}

PipelineCatalog::Entry PipelineCatalog::add(const std::string& name, std::string_view text) {
  const std::string id = slug(name);
  const std::string file = os::join(registered_, id + ".json");
  if (fs::exists(file))
    throw Error(Code::conflict, "a pipeline is registered as '" + id + "' already",
                "delete it first, or choose another name");
  os::make_directories(registered_);
  os::write_file(file, text);
  return with_id(id);
}

void PipelineCatalog::remove(std::string_view id) {
  const Entry entry = [&] {
    for (Entry& each : list()) {
      if (each.id == id) return std::move(each);
    }
    throw unknown(id, list());
  }();
  if (entry.origin != Origin::registered) {
    throw Error(Code::denied, "pipeline '" + std::string(id) + "' is a file that was not registered here",
                "remove the file itself")
        .with("file", entry.file);
  }
  fs::remove(entry.file);
}

bool PipelineCatalog::contains(const std::string& file) const {
  std::error_code failure;
  const fs::path real = fs::canonical(file, failure);
  if (failure) return false;
  const auto holds = [&](const std::string& folder) {
    const fs::path real_folder = fs::canonical(folder, failure);
    return !failure && os::is_within(real.string(), real_folder.string());
  };
  return std::any_of(folders_.begin(), folders_.end(), holds) || holds(registered_);
}

}  // namespace mortise::http
