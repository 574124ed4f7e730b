// What the Go sources of a folder say about the plugins in them, read as text: nothing is built or run for it.
//
// A plugin of the guide is a type with the methods ExecuteStep, GetPluginType, GetPluginName and ValidateConfig, and a
// constructor New...() that returns it. Its type and name stand in the sources as the texts that two of the methods return,
// its version as the text that the constructor gives the field `version`. Where one of them is no plain text, only running the
// plugin can tell, and it is left empty.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::dialects::mimir {

struct GoPlugin {
  std::string go_type;      // "MyPlugin"
  std::string file;         // where ExecuteStep is
  std::uint32_t line = 0;
  std::string constructor;  // "NewMyPlugin"; empty: there is none
  std::string kind;         // "Data_Processing"
  std::string name;         // "my_plugin"
  std::string version;      // "1.0.0"
  std::vector<std::string> missing;       // methods of the four
  std::vector<std::string> dependencies;  // of GetDependencies, when it returns a list of texts
  bool asked_for_dependencies = false;    // GetDependencies is there, and its answer could not be read
};

struct GoPackage {
  std::string name;  // "main"
  std::vector<GoPlugin> plugins;
};

// `sources` are the .go files of one folder by their names; tests are passed over.
[[nodiscard]] GoPackage read_package(const std::map<std::string, std::string>& sources);

}  // namespace mortise::dialects::mimir
