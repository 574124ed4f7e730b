#include "plugin/named.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/host_pattern.h"

namespace mortise::plugin {
namespace {

using Parameter = ConfigSchema::Parameter;

constexpr std::size_t most_names = 64;  // of each kind; what a step names beyond is not granted
constexpr std::size_t longest_path = 4096;
constexpr int deepest = 16;  // levels of the configuration that are looked at

bool is_output(const Descriptor& descriptor) {
  const auto& points = descriptor.extension_points;
  return std::find(points.begin(), points.end(), "Output") != points.end();
}

bool is_path(std::string_view text) {
  return text.size() > 1 && text.size() < longest_path && text.front() == '/' && text.find('\0') == std::string_view::npos;
}

bool is_relative_path(std::string_view text) {
  const bool begins = text.starts_with("./") || text.starts_with("../") || text.starts_with("~/");
  return begins && text.size() < longest_path && text.find('\0') == std::string_view::npos;
}

// file_path, outputPath, target-dir; not profile, not direction.
bool says_path(std::string_view key, bool looks_like_one) {
  constexpr std::array words{"path", "file", "filename", "filepath", "folder", "dir", "directory", "destination"};
  constexpr std::array maybe{"output", "target"};
  std::string word;
  const auto fits = [&] {
    const auto is = [&](std::string_view one) { return word == one; };
    return std::any_of(words.begin(), words.end(), is) || word.ends_with("path") || (looks_like_one && std::any_of(maybe.begin(), maybe.end(), is));
  };
  for (const char c : key) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) word += static_cast<char>(c | 0x20);
    if (!letter && fits()) return true;
    if (!letter) word.clear();
  }
  return fits();
}

bool is_file_name(std::string_view key, const Value& value) {
  if (!value.is(Kind::string)) return false;
  const std::string_view text = value.as_string();
  const bool one_line = text.find_first_of(std::string_view("\0\n", 2)) == std::string_view::npos;
  if (text.empty() || text.size() >= longest_path || !one_line || text.find("://") != std::string_view::npos) return false;
  return says_path(key, text.find_first_of("/.") != std::string_view::npos);
}

template <typename T>
void add(std::vector<T>& all, T one) {
  if (all.size() < most_names && std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
}

class Reader {
 public:
  explicit Reader(const Descriptor& descriptor)
      : written_by_default_(is_output(descriptor)), relative_too_(!has_manifest(descriptor)) {}

  void read(const ConfigSchema& schema, const Value& config) {
    if (!config.is(Kind::map)) return;
    for (const Member& member : config.members()) {
      const Parameter* parameter = schema.find(member.key());
      if (parameter != nullptr) {
        read(*parameter, member.value());
      } else if (relative_too_ && is_file_name(member.key(), member.value())) {
        name_file(std::string(member.value().as_string()));
      } else {
        look(member.value(), 0);
      }
    }
  }

  Named named;

 private:
  void read(const Parameter& parameter, const Value& value) {
    if (parameter.type == ConfigSchema::Type::path && value.is(Kind::string)) {
      const bool write = parameter.access == ConfigSchema::Access::write ||
                         (parameter.access == ConfigSchema::Access::automatic && written_by_default_);
      if (is_path(value.as_string())) add(named.by_schema, PathAccess{std::string(value.as_string()), write});
    } else if (value.is(Kind::list) && parameter.items != nullptr) {
      for (const Value& item : value.items()) read(*parameter.items, item);
    } else if (value.is(Kind::map) && parameter.properties != nullptr) {
      read(*parameter.properties, value);
    } else {
      look(value, 0);
    }
  }

  // What no manifest declares as a path is one by the name of its key: file_path, output, target_dir. An Output writes it.
  void name_file(std::string path) {
    if (written_by_default_) return add(named.by_schema, PathAccess{std::move(path), true});
    add(named.mentioned, std::move(path));
  }

  void look(const Value& value, int depth) {
    if (depth > deepest) return;
    if (value.is(Kind::string)) look(value.as_string());
    if (value.is(Kind::list)) {
      for (const Value& item : value.items()) look(item, depth + 1);
    }
    if (value.is(Kind::map)) {
      for (const Member& member : value.members()) look(member.value(), depth + 1);
    }
  }

  void look(std::string_view text) {
    if (is_path(text) || (relative_too_ && is_relative_path(text))) return add(named.mentioned, std::string(text));
    for (const auto& [scheme, port] : {std::pair{std::string_view("http://"), ":80"}, std::pair{std::string_view("https://"), ":443"}}) {
      if (text.starts_with(scheme)) return look_at_address(text.substr(scheme.size()), port);
    }
  }

  // "user@host:port/path": the host and its port.
  void look_at_address(std::string_view text, const char* port) {
    text = text.substr(0, text.find_first_of("/?#\\"));
    if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
    const bool has_port = text.find(':', text.starts_with('[') ? text.find(']') : 0) != std::string_view::npos;
    try {
      add(named.hosts, HostPattern::parse(has_port ? std::string(text) : std::string(text) + port).text());
    } catch (const Error&) {  // no host: whoever uses it will say so
    }
  }

  const bool written_by_default_, relative_too_;
};

}  // namespace

Named named_in(const Descriptor& descriptor, const Value& config) {
  Reader reader(descriptor);
  reader.read(descriptor.config, config);
  return std::move(reader.named);
}

bool has_manifest(const Descriptor& descriptor) noexcept {
  return descriptor.dialect == "native" || descriptor.dialect == "omniscope";
}

}  // namespace mortise::plugin
