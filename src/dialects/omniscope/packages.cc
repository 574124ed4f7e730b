#include "dialects/omniscope/packages.h"

#include <algorithm>
#include <regex>

#include "base/error.h"
#include "dialects/core/inspector.h"
#include "os/paths.h"
#include "plugin/manifest.h"

namespace mortise::dialects::omniscope {
namespace {

constexpr std::chrono::milliseconds deadline{300'000};
constexpr std::uint64_t memory_bytes = std::uint64_t{512} << 20U;
constexpr std::uint32_t processes = 100;

bool holds(std::string_view text, const char* pattern) {
  const std::regex expression(pattern, std::regex::multiline);
  return std::regex_search(text.begin(), text.end(), expression);
}

void adapt(plugin::Descriptor& plugin, const Surroundings& host) {
  const std::string folder = os::join(host.shims, "omniscope");
  plugin.dialect = "omniscope";
  if (plugin.language == "python") {
    plugin.adapter = {"mortise_omniscope", "", {folder}};
  } else {
    plugin.adapter = {os::join(folder, "mortise_omniscope.R"), "", {}};
  }
  if (plugin.config
          .declared()) {  // a step's config is the guide's config and its parameters, which no manifest declares
    Value form = plugin.config.manifest_form();
    form.set("additional", true);
    plugin.config = plugin::ConfigSchema::parse(form);
  }
  plugin.lifetime = plugin::Lifetime::per_call;
  plugin.on_failure = plugin::FailurePolicy::report;
  if (!plugin.deadline) plugin.deadline = deadline;
  if (plugin.limits.memory_bytes == 0) plugin.limits.memory_bytes = memory_bytes;
  if (plugin.limits.processes == 0) plugin.limits.processes = processes;
}

}  // namespace

bool is_guides_python(std::string_view text) {
  return holds(text, R"(^\s*class\s+\w+)") && holds(text, R"(^\s+(async\s+)?def\s+execute\s*\(\s*self\s*,)") &&
         !holds(text, R"(^\s*(import|from)\s+mortise\b)");
}

bool is_guides_r(std::string_view text) {
  return holds(text, R"(setRefClass\s*\()") && holds(text, R"(\bexecute\s*=\s*function\s*\()") &&
         !holds(text, R"(^plugin\s*(<-|=))") && !holds(text, R"(\bmortise::)");
}

plugin::Finding look(const plugin::Shelf& shelf, const Surroundings& host) {
  plugin::Finding finding;
  if (std::find(shelf.files.begin(), shelf.files.end(), "manifest.json") == shelf.files.end()) return finding;
  plugin::Descriptor plugin;
  try {
    plugin = plugin::read_manifest(shelf.folder);
  } catch (const Error&) {
    return finding;  // whoever reads manifests says what is wrong with it
  }
  const std::string text = beginning_of(os::join(plugin.folder, plugin.entry));
  const bool own =
      (plugin.language == "python" && is_guides_python(text)) || (plugin.language == "r" && is_guides_r(text));
  if (!own) return finding;
  finding.whole_folder = true;
  adapt(plugin, host);
  finding.plugins.push_back(std::move(plugin));
  return finding;
}

}  // namespace mortise::dialects::omniscope
