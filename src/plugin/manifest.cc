#include "plugin/manifest.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/config_tree.h"
#include "base/suggest.h"
#include "plugin/extension_points.h"
#include "plugin/failure_policy.h"
#include "plugin/hints.h"
#include "plugin/locate.h"
#include "plugin/permission.h"

namespace mortise::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 6> required_fields{"name",        "version",  "author",
                                                          "description", "language", "entry_point"};
const std::vector<std::string_view>& known_keys() {
  static const std::vector<std::string_view> keys{
      "name",        "version",   "author",      "author_email", "description",          "language",    "entry_point",
      "category",    "tags",      "permissions", "dependencies", "extension_points",     "config",      "min_platform_version",
      "license",     "lifetime",  "concurrency", "max_instances", "timeout",             "on_failure",  "limits",
      "environment", "provides",  "requires",    "conflicts",    "aliases",              "homepage",    "repository",
      "keywords"};
  return keys;
}

// ---- the manifest's own rules ----------------------------------------------------------------------------------------

Error at(const Node& node, const std::string& message, std::string hint = {}) {
  Error error(Code::invalid, message, std::move(hint));
  error.with("key", node.path());
  return located(std::move(error), node);
}

void require_fields(const Node& root) {
  for (const std::string_view field : required_fields) {
    const auto value = root.find(field);
    if (!value || value->is_null()) throw at(root, "Missing required field: " + std::string(field)).with("field", std::string(field));
    if (value->as_string().empty()) throw value->problem("must not be empty");
  }
}

// Unknown keys are let through, so that others may add their own; but one that is nearly ours is a mistake in writing.
void refuse_mistyped_keys(const Node& root) {
  for (const auto& [key, value] : root.members()) {
    const auto& known = known_keys();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (const auto meant = nearest(key, known)) throw at(value, "unknown key '" + key + "'", "did you mean '" + *meant + "'?");
  }
}

std::string language_of(const Node& node) {
  const std::string language = node.as_string();
  for (const std::string_view known : {"c", "c++", "python", "r", "go"}) {
    if (language == known) return language;
  }
  if (language == "cpp") return "c++";
  throw at(node, "Invalid language: " + language, did_you_mean(language, {"c", "c++", "python", "r", "go"}));
}

// Only the text; that the file is there and inside the folder is for check_entry.
std::string entry_of(const Node& node, const std::string& language) {
  const std::string entry = node.as_string();
  const fs::path path(entry);
  if (path.is_absolute() || entry.find('\0') != std::string::npos) throw node.expected("a path inside the package");
  for (const fs::path& part : path) {
    if (part == "..") throw node.expected("a path inside the package");
  }
  const bool native = language == "c" || language == "c++";
  if (native && path.extension() != ".so") throw node.expected("a shared object (lib*.so)");
  if (language == "python" && path.extension() != ".py") throw node.expected("a Python file (*.py)");
  if (language == "r" && path.extension() != ".R" && path.extension() != ".r") throw node.expected("an R file (*.R)");
  return entry;
}

std::vector<std::string> strings(const Node& root, std::string_view key) {
  const auto list = root.find(key);
  if (!list || list->is_null()) return {};
  return list->as_strings();
}

std::vector<std::string> points_of(const Node& root, const std::string& name) {
  std::vector<std::string> points;
  if (const auto list = root.find("extension_points"); list && !list->is_null()) {
    for (const Node& item : list->items()) {
      try {
        points.emplace_back(extension_point(item.as_string()).name);
      } catch (const Error& error) {
        throw located(Error(error).with("key", item.path()), item);
      }
    }
  }
  const auto* type = find_extension_point(name.substr(0, name.find('.')));
  const bool named_after_type = name.find('.') != std::string::npos && type != nullptr && type->group == Group::step;
  if (points.empty() && named_after_type) points.emplace_back(type->name);
  return points;
}

// A plain name that takes part in pipelines is found as `Type.name` too.
std::vector<std::string> aliases_of(const Node& root, const Descriptor& descriptor) {
  std::vector<std::string> aliases = strings(root, "aliases");
  for (const std::string& alias : aliases) check_plugin_name(alias);
  if (descriptor.id.find('.') == std::string::npos) {
    for (const std::string& point : descriptor.extension_points) {
      if (find_extension_point(point)->group == Group::step) aliases.push_back(point + "." + descriptor.id);
    }
  }
  std::sort(aliases.begin(), aliases.end());
  aliases.erase(std::unique(aliases.begin(), aliases.end()), aliases.end());
  std::erase(aliases, descriptor.id);
  return aliases;
}

// ---- dependencies ----------------------------------------------------------------------------------------------------

Requirement::Type requirement_type(const Node& node) {
  const std::string name = node.as_string();
  if (name == "plugin") return Requirement::Type::plugin;
  if (name == "package") return Requirement::Type::package;
  if (name == "system") return Requirement::Type::system;
  if (name == "capability") return Requirement::Type::capability;
  throw node.expected("plugin, package, system or capability");
}

// "numpy", "numpy>=1.20", "other ^2.0", "numpy@1.2"
Requirement requirement_text(const std::string& text, Requirement::Type type) {
  const std::size_t end = std::min(text.find_first_of(" <>=!~^@;,"), text.size());
  std::size_t range = text.find_first_not_of(" @", end);
  range = std::min(range, text.size());
  return {type, text.substr(0, end), text.substr(range)};
}

Requirement requirement_of(const Node& node, Requirement::Type type) {
  Requirement requirement;
  if (node.is(Node::Kind::string)) {
    requirement = requirement_text(node.as_string(), type);
  } else if (node.is(Node::Kind::map)) {
    node.forbid_unknown({"name", "version", "type", "description", "optional"});
    const auto kind = node.find("type");
    requirement = {kind ? requirement_type(*kind) : type, node.at("name").as_string(), node.string_or("version", "")};
  } else {
    throw node.expected("a name, or a map with name, version and type");
  }
  if (requirement.name.empty()) throw node.problem("has no name");
  const bool ours = requirement.type == Requirement::Type::plugin || requirement.type == Requirement::Type::capability;
  if (ours) {
    try {
      (void)Range::parse(requirement.range);
    } catch (const Error& error) {
      throw node.problem(error.what(), error.hint());
    }
  }
  return requirement;
}

std::vector<Requirement> requirements_of(const Node& root) {
  std::vector<Requirement> all;
  const auto read = [&](std::string_view key, Requirement::Type type) {
    const auto list = root.find(key);
    if (!list || list->is_null()) return;
    for (const Node& item : list->items()) all.push_back(requirement_of(item, type));
  };
  read("dependencies", Requirement::Type::package);
  read("requires", Requirement::Type::plugin);
  return all;
}

// ---- how it runs -----------------------------------------------------------------------------------------------------

std::uint32_t count_or(const Node& root, std::string_view key, std::uint32_t other, std::int64_t least, std::int64_t most) {
  const auto node = root.find(key);
  if (!node || node->is_null()) return other;
  return static_cast<std::uint32_t>(node->as_int64(least, most));
}

void read_running(const Node& root, Descriptor& descriptor) {
  constexpr std::int64_t most_instances = 1024;
  descriptor.concurrency = count_or(root, "concurrency", descriptor.concurrency, 1, most_instances);
  descriptor.max_instances = count_or(root, "max_instances", descriptor.max_instances, 1, most_instances);
  if (const auto node = root.find("lifetime"); node && !node->is_null()) {
    const std::string lifetime = node->as_string();
    if (lifetime == "per_call" || lifetime == "per-call") descriptor.lifetime = Lifetime::per_call;
    else if (lifetime != "resident") throw node->expected("resident or per_call");
  }
  if (const auto node = root.find("timeout"); node && !node->is_null()) {
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(node->as_duration());
    if (timeout.count() <= 0) throw node->expected("at least 1 ms");
    descriptor.deadline = timeout;
  }
  if (const auto node = root.find("on_failure"); node && !node->is_null()) {
    const auto policy = failure_policy_named(node->as_string());
    if (!policy) throw node->expected("stop, report, backoff or fail");
    descriptor.on_failure = *policy;
  }
  if (const auto limits = root.find("limits"); limits && !limits->is_null()) {
    limits->forbid_unknown({"memory", "processes", "open_files", "processors"});
    constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
    if (const auto memory = limits->find("memory")) descriptor.limits.memory_bytes = memory->as_size();
    descriptor.limits.processes = count_or(*limits, "processes", 0, 1, most);
    descriptor.limits.open_files = count_or(*limits, "open_files", 0, 8, most);
    if (const auto processors = limits->find("processors"); processors && !processors->is_null()) {
      descriptor.limits.processors = processors->as_float64();
      if (!(descriptor.limits.processors >= 0.01 && descriptor.limits.processors <= 4096))
        throw processors->expected("a number of processors from 0.01, such as 0.5");
    }
  }
}

void check_platform(const Node& root) {
  const auto node = root.find("min_platform_version");
  if (!node || node->is_null()) return;
  const auto wanted = Version::try_parse(node->as_string(), Version::Form::loose);
  if (!wanted) throw at(*node, "Invalid version format: " + node->as_string());
  if (*wanted <= Version::parse(platform_version)) return;
  throw at(*node, "needs platform version " + wanted->text() + " or newer, this one is " + std::string(platform_version),
           "update the host, or install an older version of the plugin");
}

ConfigSchema config_of(const Node& root) {
  const auto node = root.find("config");
  if (!node || node->is_null()) return {};
  try {
    return ConfigSchema::parse(to_value(*node), node->path());
  } catch (const Error& error) {
    throw located(error, root);
  }
}

// Each in its one form, so that a declared permission and a granted one can be compared.
std::vector<std::string> permissions_of(const Node& root) {
  const auto list = root.find("permissions");
  if (!list || list->is_null()) return {};
  std::vector<std::string> all;
  for (const Node& item : list->items()) {
    try {
      all.push_back(Permission::parse(item.as_string()).text());
    } catch (const Error& error) {
      throw located(Error(error).with("key", item.path()), item);
    }
  }
  return all;
}

Descriptor descriptor_of(const Node& root) {
  if (!root.is(Node::Kind::map)) throw root.expected("a map");
  require_fields(root);
  refuse_mistyped_keys(root);
  Descriptor descriptor;
  descriptor.id = root.at("name").as_string();
  try {
    check_plugin_name(descriptor.id);
  } catch (const Error& error) {
    throw at(root.at("name"), error.what(), error.hint());
  }
  descriptor.version_text = root.at("version").as_string();
  const auto version = Version::try_parse(descriptor.version_text);
  if (!version) throw at(root.at("version"), "Invalid version format: " + descriptor.version_text, "write it as 1.2.3");
  descriptor.version = *version;
  descriptor.author = root.at("author").as_string();
  descriptor.author_email = root.string_or("author_email", "");
  descriptor.description = root.at("description").as_string();
  descriptor.license = root.string_or("license", "");
  descriptor.category = root.string_or("category", "");
  descriptor.tags = strings(root, "tags");
  descriptor.language = language_of(root.at("language"));
  descriptor.entry = entry_of(root.at("entry_point"), descriptor.language);
  descriptor.extension_points = points_of(root, descriptor.id);
  descriptor.aliases = aliases_of(root, descriptor);
  descriptor.config = config_of(root);
  descriptor.permissions = permissions_of(root);
  descriptor.environment = strings(root, "environment");
  descriptor.requires_ = requirements_of(root);
  descriptor.provides = strings(root, "provides");
  descriptor.conflicts = strings(root, "conflicts");
  read_running(root, descriptor);
  check_platform(root);
  return descriptor;
}

Error invalid_json(const Error& error) {
  Error outer(error.code(), std::string("Invalid JSON: ") + error.what(), error.hint());
  for (const auto& [name, value] : error.details()) outer.with(name, value);
  return outer;
}

// ---- files -----------------------------------------------------------------------------------------------------------

void check_entry(const Descriptor& descriptor, const fs::path& file) {
  std::error_code failure;
  const fs::path folder(descriptor.folder);
  const fs::path entry = fs::canonical(folder / descriptor.entry, failure);
  const auto refuse = [&](const std::string& what) {
    return Error(Code::invalid, "entry_point: " + descriptor.entry + " " + what, "the manifest names a file of the package")
        .with("file", file.string())
        .with("key", "entry_point");
  };
  if (failure) throw refuse("is not in the package");
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), entry.begin(), entry.end());
  if (end != folder.end()) throw refuse("leads out of the package");
  if (!fs::is_regular_file(entry, failure)) throw refuse("is no regular file");
}

}  // namespace

void check_plugin_name(std::string_view name) {
  constexpr std::size_t longest = 128;
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; };
  const bool good = !name.empty() && name.size() <= longest && letter(name.front()) && name.back() != '.' &&
                    std::all_of(name.begin(), name.end(), fits) && std::count(name.begin(), name.end(), '.') <= 1;
  if (good) return;
  throw Error(Code::invalid, "'" + std::string(name.substr(0, longest)) + "' cannot be the name of a plugin",
              "letters, digits, '_', '-' and one '.', beginning with a letter, at most 128")
      .with("got", std::string(name.substr(0, longest)));
}

Descriptor parse_manifest(std::string_view text, std::string_view file) {
  Node root;
  try {
    root = parse_json_config(text, std::string(file));
  } catch (const Error& error) {
    throw invalid_json(error);
  }
  return descriptor_of(root);
}

Descriptor read_manifest(const fs::path& folder) {
  std::error_code failure;
  const fs::path root = fs::canonical(folder, failure);
  const fs::path file = root / "manifest.json";
  if (failure || fs::symlink_status(file, failure).type() != fs::file_type::regular) {
    throw Error(Code::not_found, "manifest.json not found in package", "every package has one in its top folder")
        .with("file", (folder / "manifest.json").string());
  }
  Node tree;
  try {
    tree = read_config(file.string());
  } catch (const Error& error) {
    throw invalid_json(error);
  }
  Descriptor descriptor = descriptor_of(tree);
  descriptor.folder = root.string();
  check_entry(descriptor, file);
  return descriptor;
}

}  // namespace mortise::plugin
