#include "dialects/core/told.h"

#include <filesystem>

#include "base/suggest.h"
#include "dialects/core/inspector.h"
#include "os/paths.h"

namespace mortise::dialects {

std::string text_in(const Value& map, std::string_view key, std::string_view otherwise) {
  const Value* found = map.find(key);
  return std::string(found != nullptr && found->is(Kind::string) ? found->as_string() : otherwise);
}

std::vector<std::string> texts_in(const Value& map, std::string_view key) {
  std::vector<std::string> all;
  if (const Value* found = map.find(key); found != nullptr && found->is(Kind::list)) {
    for (const Value& each : found->items()) all.emplace_back(each.as_string());
  }
  return all;
}

Value list_of(const std::vector<std::string>& texts) {
  Value list = Value::list();
  for (const std::string& one : texts) list.push_back(one);
  return list;
}

plugin::Descriptor python_reader(const std::string& dialect, const std::string& folder, const std::string& entry,
                                 const Surroundings& host) {
  plugin::Descriptor reader;
  reader.id = dialect + "-" + (entry.empty() ? std::string("packages") : std::filesystem::path(entry).stem().string());
  reader.version_text = "0.0.0";
  reader.dialect = dialect;
  reader.language = "python";
  reader.folder = folder;
  reader.entry = entry;
  reader.adapter = {"mortise_" + dialect, "", {os::join(host.shims, dialect)}};
  return reader;
}

void describe(const plugin::Descriptor& reader, const Surroundings& host, std::vector<plugin::Problem>& problems,
              const std::function<void(const Value& told)>& take) {
  const std::filesystem::path place = std::filesystem::path(reader.folder) / reader.entry;
  const auto guarded = [&](const auto& action) {
    try {
      action();
    } catch (const Error& error) {
      problems.push_back({place, error});
    }
  };
  guarded([&] {
    const Value all = host.inspector.describe(reader);
    for (const Value& told : all.items()) {
      guarded([&] {
        if (const std::string error = text_in(told, "error"); !error.empty()) throw Error(Code::plugin, error);
        take(told);
      });
    }
  });
}

bool set_version(plugin::Descriptor& plugin, const std::string& text) {
  const auto version = Version::try_parse(text, Version::Form::loose);
  plugin.version = version.value_or(Version::parse("0.0.0"));
  plugin.version_text = plugin.version.text();
  return version.has_value();
}

std::string no_such_plugin(const std::string& place, std::string_view name, const std::vector<std::string_view>& known) {
  const auto near = nearest(name, known);
  return place + ": there is no such plugin" + (near ? "; did you mean " + std::string(*near) + "?" : "");
}

Value shown(const std::vector<plugin::Problem>& problems) {
  Value list = Value::list();
  for (const plugin::Problem& each : problems) {
    list.push_back(Value::map({{"file", each.folder.string()}, {"error", each.error.what()}}));
  }
  return list;
}

}  // namespace mortise::dialects
