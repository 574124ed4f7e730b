#include "finder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "dialects/core/told.h"
#include "dialects/smi/places.h"
#include "os/paths.h"
#include "os/process.h"

namespace mortise::dialects::smi {
namespace {

constexpr std::chrono::milliseconds deadline{5'000};
constexpr std::size_t piece = std::size_t{1} << 20U;

// Looks through a file piece by piece, so that a library of any size costs one of them.
bool holds_any(const std::string& path, std::initializer_list<std::string_view> words) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  for (std::string more(piece, '\0'); in.read(more.data(), piece) || in.gcount() > 0;) {
    text.erase(0, text.size() - std::min<std::size_t>(text.size(), 64));
    text.append(more, 0, static_cast<std::size_t>(in.gcount()));
    for (const std::string_view word : words) {
      if (text.find(word) != std::string::npos) return true;
    }
  }
  return false;
}

bool is_library(const std::string& path) {
  return path.ends_with(".so") && holds_any(path, {"smi_plugin_init", "go_initialize"});
}

bool is_class(const std::string& path) {
  if (!path.ends_with(".py")) return false;
  const std::string text = beginning_of(path);
  const auto defines = [&](std::string_view method) {
    return text.find("def " + std::string(method)) != std::string::npos;
  };
  return text.find("class ") != std::string::npos && defines("initialize(") && defines("register_model(") &&
         defines("inference(");
}

// The adapter lies beside the program, in a build tree and in an installation.
std::string adapter_library() {
  return os::join(os::parent_of(os::parent_of(os::own_executable())), "lib/mortise/adapters/libmortise_smi.so");
}

plugin::Descriptor reader_of(const std::string& path, const Surroundings& host) {
  plugin::Descriptor reader;
  reader.dialect = "smi";
  reader.folder = os::parent_of(path);
  reader.entry = path.substr(path.rfind('/') + 1);
  reader.id = "smi:" + reader.entry;
  if (path.ends_with(".py")) {
    reader.language = "python";
    reader.adapter = {"mortise_smi", "", {os::join(host.shims, "smi")}};
  } else {
    reader.language = "c";
    reader.adapter = {adapter_library(), "", {}};
  }
  return reader;
}

// What may be a plugin's name here (manifest.h): other characters become '_'.
std::string as_id(std::string text) {
  bool dot = false;
  for (char& c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    const bool first_dot = c == '.' && !dot;
    dot = dot || c == '.';
    if (!plain && !first_dot) c = '_';
  }
  const bool letter = !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
  return (letter ? text : "p" + text).substr(0, 128);
}

// "libmlos_my_plugin.so" is "my_plugin" to its author.
std::string stem_of(std::string file) {
  file = file.substr(0, file.rfind('.'));
  for (const std::string_view prefix : {"lib", "mlos_"}) {
    if (file.starts_with(prefix) && file.size() > prefix.size()) file.erase(0, prefix.size());
  }
  return file;
}

}  // namespace

plugin::Descriptor Finder::describe(const std::string& path) {
  if (!std::filesystem::exists(path)) {
    throw Error(Code::not_found, "there is no file '" + path + "'", "name the plugin's .so or .py file")
        .with("file", path);
  }
  if (!is_library(path) && !is_class(path)) {
    throw Error(Code::unsupported,
                "'" + path +
                    "' is no model plugin: no library that exports smi_plugin_init or go_initialize, and no Python "
                    "file with a class that has initialize, register_model and inference",
                "build it with mlos/smi_spec.h; `mortise smi-test FILE` tries it")
        .with("file", path);
  }
  plugin::Descriptor plugin = reader_of(path, host_);
  const Value all = host_.inspector.describe(plugin);
  const Value& said = all.items().front();
  const std::string id = text_in(said, "id"), name = text_in(said, "name");
  plugin.id = as_id(id.empty() ? stem_of(plugin.entry) : id);
  plugin.adapter.object = plugin.language == "python" ? text_in(said, "class") : plugin.id;
  plugin.description = name;
  (void)set_version(plugin, text_in(said, "version"));
  plugin.extension_points = {"model"};
  // Its models may lie in the folders that callers may name (places.h). All of them, for all of its models: what a worker may
  // see is part of what it is kept under, and a plugin has one process for all.
  plugin.permissions = {"file_system=" + host_.folder, "file_system=" + std::string(model_folder)};
  plugin.category = "model";
  plugin.keeps_state = true;
  plugin.max_instances = 1;
  plugin.deadline = deadline;
  plugin.on_failure = plugin::FailurePolicy::report;
  this->name(plugin.id, said);
  return plugin;
}

plugin::Finding Finder::look(const plugin::Shelf& shelf) {
  plugin::Finding finding;
  // A package says what it is; its libraries need not be looked through.
  if (has_manifest(shelf)) return finding;
  for (const std::string& file : shelf.files) {
    const std::string path = (shelf.folder / file).string();
    if (!is_library(path) && !is_class(path)) continue;
    finding.files.push_back(file);
    try {
      finding.plugins.push_back(describe(path));
    } catch (const Error& error) {
      finding.problems.push_back({path, error});
    }
  }
  return finding;
}

Value Finder::about(std::string_view plugin) const {
  const std::lock_guard guard(mutex_);
  const auto found = about_.find(plugin);
  return found == about_.end() ? Value() : found->second;
}

void Finder::name(const std::string& id, Value about) {
  const std::lock_guard guard(mutex_);
  about_[id] = std::move(about);
}

}  // namespace mortise::dialects::smi
