#include "scaffold/project.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "os/file.h"
#include "os/paths.h"
#include "plugin/extension_points.h"
#include "scaffold/names.h"

namespace mortise::scaffold {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t largest_file = 1U << 20;
constexpr std::size_t longest_text = 1000;

using Words = std::map<std::string, std::string, std::less<>>;

void check_text(const std::string& what, const std::string& text) {
  const bool plain = find_invalid_utf8(text) == std::string::npos &&
                     std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (plain && text.size() <= longest_text) return;
  throw Error(Code::invalid, "the " + what + " must be one line of text, at most " + std::to_string(longest_text) + " bytes",
              "leave out line ends and control characters")
      .with("key", what);
}

std::string quoted(const std::string& text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

std::string escaped(const std::string& text) {
  const std::string json = quoted(text);
  return json.substr(1, json.size() - 2);
}

std::string json_list(const std::vector<std::string>& all) {
  std::string text = "[";
  for (const std::string& one : all) text.append(text.size() > 1 ? ", " : "").append(quoted(one));
  return text + "]";
}

std::vector<std::string> points_of(const Template& of, const Request& request) {
  if (!request.extension_points.empty()) {
    for (const std::string& point : request.extension_points) (void)plugin::extension_point(point);
    return request.extension_points;
  }
  const std::size_t dot = request.name.find('.');
  if (dot != std::string::npos) return {request.name.substr(0, dot)};
  return of.extension_point.empty() ? std::vector<std::string>{} : std::vector<std::string>{of.extension_point};
}

enum class Escape { json, none };

Words words_for(const Template& of, const Request& request, Escape escape) {
  const auto text = [&](const std::string& given, const std::string& otherwise) {
    const std::string& chosen = given.empty() ? otherwise : given;
    return escape == Escape::json ? escaped(chosen) : chosen;
  };
  const std::vector<std::string> points = points_of(of, request);
  return {{"name", request.name},
          {"word", word_of(request.name)},
          {"class", class_of(request.name)},
          {"extension_point", points.empty() ? "" : points.front()},
          {"extension_points", json_list(points)},
          {"tags", json_list(request.tags)},
          {"author", text(request.author, "You")},
          {"description", text(request.description, "What " + request.name + " does, in one line")},
          {"category", text(request.category, points.empty() ? "general" : points.front())}};
}

std::string filled(const std::string& text, const Words& words) {
  std::string made;
  std::size_t at = 0;
  for (std::size_t open; (open = text.find("{{", at)) != std::string::npos;) {
    const std::size_t close = text.find("}}", open);
    const auto word = close == std::string::npos ? words.end() : words.find(text.substr(open + 2, close - open - 2));
    const bool known = word != words.end();
    made.append(text, at, open - at).append(known ? word->second : "{{");
    at = known ? close + 2 : open + 2;
  }
  return made.append(text, at, std::string::npos);
}

std::string file_name(const std::string& path, const Words& words) {
  std::string made;
  for (const fs::path& part : fs::path(filled(path, words))) {
    const std::string name = part.string();
    made = os::join(made, name.starts_with("dot-") ? "." + name.substr(4) : name);
  }
  return made;
}

// A folder that goes away again, unless it was moved to its place.
class Draft {
 public:
  explicit Draft(const std::string& target)
      : path_(os::make_temporary_directory(os::join(os::parent_of(target), "." + fs::path(target).filename().string() + ".new-"))) {
    fs::permissions(path_, fs::perms(0755));
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Over an empty folder, or where there is nothing: the kernel looks and moves at once.
  [[nodiscard]] bool move_to(const std::string& target) {
    if (std::rename(path_.c_str(), target.c_str()) != 0) return false;
    path_.clear();
    os::sync_directory(os::parent_of(target));
    return true;
  }

 private:
  std::string path_;
};

Error occupied(const std::string& folder) {
  return Error(Code::conflict, "'" + folder + "' is there already and not an empty folder",
               "choose another name, or another place with --folder")
      .with("folder", folder);
}

void check_folder(const std::string& folder, const std::string& present) {
  std::error_code none;
  if (fs::exists(fs::symlink_status(folder, none)) && (!fs::is_directory(fs::symlink_status(folder, none)) || !fs::is_empty(folder, none)))
    throw occupied(folder);
  if (os::is_within(present, folder)) {
    throw Error(Code::invalid, "the present folder cannot become the project",
                "go to the folder above it first, or name a new folder");
  }
}

std::vector<std::string> files_of(const Template& of) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(of.folder)) {
    const std::string path = fs::relative(entry.path(), of.folder).string();
    if (entry.is_regular_file() && path != "template.json") files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) text.replace(at, word.size(), by);
  return text;
}

// Writes the files of one project, and remembers their names.
class Writer {
 public:
  Writer(const Template& of, const Request& request, std::string folder)
      : of_(of), escaped_(words_for(of, request, Escape::json)), plain_(words_for(of, request, Escape::none)), folder_(std::move(folder)) {}

  std::vector<std::string> write() {
    for (const std::string& source : files_of(of_)) {
      const std::string from = os::join(of_.folder, source);
      put(source, os::read_file(from, largest_file), static_cast<mode_t>(fs::status(from).permissions()) & 0755);
    }
    for (const Taken& taken : of_.taken) {
      std::string text = os::read_file(taken.from, largest_file);
      for (const auto& [word, placeholder] : taken.words) text = replaced(std::move(text), word, placeholder);
      put(taken.name, text, 0);
    }
    return std::move(names_);
  }

 private:
  void put(const std::string& source, const std::string& text, mode_t mode) {
    const std::string name = file_name(source, plain_);
    const std::string to = os::join(folder_, name);
    os::make_directories(os::parent_of(to), 0755);
    os::write_file(to, filled(text, source.ends_with(".md") ? plain_ : escaped_), mode | 0644);
    names_.push_back(name);
  }

  const Template& of_;
  const Words escaped_, plain_;
  const std::string folder_;
  std::vector<std::string> names_;
};

void check_points(const Template& of, const Request& request) {
  if (of.extension_points.empty()) return;
  std::string all;
  for (const std::string& known : of.extension_points) all += (all.empty() ? "" : ", ") + known;
  for (const std::string& point : points_of(of, request)) {
    if (std::find(of.extension_points.begin(), of.extension_points.end(), point) != of.extension_points.end()) continue;
    throw Error(Code::invalid, "a plugin of '" + of.dialect + "' cannot take part as '" + point + "'", "it can as: " + all)
        .with("got", point);
  }
}

}  // namespace

Project make_project(const std::string& templates, const Request& request) {
  Project made{choose(list_templates(templates), request.wanted), request.name, request.folder, {}, {}};
  check_name(made.of, request.name, reserved_words(templates, made.of));
  check_points(made.of, request);
  check_text("author", request.author);
  check_text("description", request.description);
  check_text("category", request.category);
  for (const std::string& tag : request.tags) check_text("tag", tag);
  if (made.folder.empty()) made.folder = os::join(request.present, word_of(request.name));
  check_folder(made.folder, request.present);
  os::make_directories(os::parent_of(made.folder), 0755);
  Draft draft(made.folder);
  made.files = Writer(made.of, request, draft.path()).write();
  if (!draft.move_to(made.folder)) {
    const int reason = errno;
    if (reason == EEXIST || reason == ENOTEMPTY || reason == ENOTDIR) throw occupied(made.folder);
    throw Error(Code::internal, "'" + made.folder + "' cannot be made: " + std::strerror(reason));
  }
  Words words = words_for(made.of, request, Escape::none);
  const bool beside = os::parent_of(made.folder) == request.present;
  words["folder"] = beside ? fs::path(made.folder).filename().string() : made.folder;
  for (const std::string& line : made.of.next) made.next.push_back(filled(line, words));
  return made;
}

}  // namespace mortise::scaffold
