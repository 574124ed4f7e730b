#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/config_tree.h"

namespace mortise {
namespace {

// At most a piece more than allowed: enough for the parser to say that it is too much.
std::string read_text(const std::string& path) {
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::string text;
  while (stream && text.size() <= config_limits::bytes) {  // in pieces: most files are small
    constexpr std::size_t piece = 16U << 10U;
    const std::size_t before = text.size();
    text.resize(before + piece);
    stream.read(text.data() + before, piece);
    text.resize(before + static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream && !stream.eof()) {
    const int why = errno != 0 ? errno : EIO;
    const Code code = why == ENOENT || why == ENOTDIR ? Code::not_found : why == EACCES ? Code::denied : Code::invalid;
    throw Error(code, "cannot read '" + path + "': " + std::strerror(why), "check the path").with("file", path);
  }
  return text;
}

enum class Syntax { yaml, toml, json };

Syntax syntax_of(const std::string& path) {
  const std::string_view ending = std::string_view(path).substr(std::min(path.rfind('.'), path.size()));
  if (ending == ".yaml" || ending == ".yml") return Syntax::yaml;
  if (ending == ".toml") return Syntax::toml;
  if (ending == ".json") return Syntax::json;
  throw Error(Code::invalid, "'" + path + "' is no configuration file by its name",
              "name it .yaml, .yml, .toml or .json")
      .with("file", path)
      .with("expected", ".yaml, .yml, .toml or .json")
      .with("got", std::string(ending));
}

}  // namespace

Node parse_config(std::string_view text, const std::string& path) {
  switch (syntax_of(path)) {
    case Syntax::yaml: return parse_yaml(text, path);
    case Syntax::toml: return parse_toml(text, path);
    case Syntax::json: break;
  }
  return parse_json_config(text, path);
}

std::string read_config_text(const std::string& path) {
  (void)syntax_of(path);  // a file that could not be parsed is not read
  return read_text(path);
}

Node read_config(const std::string& path) { return parse_config(read_config_text(path), path); }

}  // namespace mortise
