// Any bytes as a manifest: a descriptor that keeps its promises, or Error{invalid}. Nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "plugin/extension_points.h"
#include "plugin/manifest.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void use(const mortise::plugin::Descriptor& plugin) {
  mortise::plugin::check_plugin_name(plugin.id);
  for (const std::string& point : plugin.extension_points) (void)mortise::plugin::extension_point(point);
  require(plugin.concurrency >= 1 && plugin.max_instances >= 1);
  require(!plugin.entry.empty() && plugin.entry.front() != '/');
  (void)plugin.config.json_schema();
  (void)plugin.config.manifest_form();
  try {
    // What the schema completed fits the schema.
    const mortise::Value config = plugin.config.apply(mortise::Value::map(), "config");
    (void)plugin.config.apply(config, "config");
  } catch (const mortise::Error& error) {
    require(error.code() == mortise::Code::invalid);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    use(mortise::plugin::parse_manifest(text));
  } catch (const mortise::Error& error) {
    require(error.code() == mortise::Code::invalid || error.code() == mortise::Code::unsupported);
    require(error.what()[0] != '\0');
  }
  return 0;
}
