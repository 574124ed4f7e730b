#include "runtime/denials.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "os/paths.h"

namespace mortise::runtime {
namespace {

constexpr std::array of_network{"Network is unreachable", "network is unreachable",  "name resolution",
                                "resolve host",           "Name or service not known", "No address associated",
                                "onnect to server",       "cannot open the connection", "Cannot assign requested address",
                                "cannot open URL"};
constexpr std::array of_files{"No such file", "no such file", "Permission denied", "permission denied", "Read-only file system",
                              "read-only file system", "cannot open", "not found", "does not exist"};
constexpr std::size_t longest_text = 16U << 10;

template <typename Phrases>
bool tells(std::string_view text, const Phrases& phrases) {
  return std::any_of(phrases.begin(), phrases.end(), [&](const char* phrase) { return text.find(phrase) != std::string_view::npos; });
}

// The absolute paths in the text: from a slash at the beginning of a word or after a quote, to its end.
std::vector<std::string> paths_in(std::string_view text) {
  std::vector<std::string> paths;
  for (std::size_t at = text.find('/'); at != std::string_view::npos; at = text.find('/', at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    if (std::string_view(" '\"`(=[").find(before) == std::string_view::npos) continue;
    const bool quoted = before == '\'' || before == '"' || before == '`';
    std::size_t end = text.find_first_of(quoted ? std::string_view(&before, 1) : std::string_view(" '\"`)];,\n"), at);
    end = std::min(end, text.size());
    std::string path(text.substr(at, end - at));
    while (path.size() > 1 && (path.back() == ':' || path.back() == '.')) path.pop_back();
    if (path.size() > 1 && path.size() < 4096) paths.push_back(os::absolute(path));
    at = end;
    if (at >= text.size()) break;
  }
  return paths;
}

bool is_there(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

// What would have to be granted for the path; empty when that would change nothing.
std::string file_permission(const Access& access, const std::string& path, bool writing) {
  for (const Access::File& file : access.files) {
    if (!os::is_within(path, file.path)) continue;
    return !writing || file.write ? std::string() : "file_system=" + file.path + ":write";
  }
  if (is_there(path)) return "file_system=" + path + (writing ? ":write" : "");
  const std::string folder = os::parent_of(path);
  return folder != "/" && is_there(folder) && !os::is_within(folder, "/tmp/.") && folder != "/tmp" ? "file_system=" + folder + ":write" : std::string();
}

// The `errors` of a result, as one text.
std::string errors_in(const Value& result) {
  const Value* errors = result.is(Kind::map) ? result.find("errors") : nullptr;
  std::string text;
  if (errors == nullptr || !errors->is(Kind::list)) return text;
  for (const Value& error : errors->items()) {
    if (error.is(Kind::string)) text.append(error.as_string().substr(0, longest_text)).append("\n");
    if (text.size() > longest_text) break;
  }
  return text;
}

// A plugin that catches its errors tells of them in its result: `errors` says what, one more of its `warnings` the way out.
void warn_of_denials(Value& result, const std::string& plugin, const Access& access, const std::vector<egress::Denied>& refused) {
  const std::string text = errors_in(result);
  if (text.empty()) return;
  const std::string command = refused.empty() ? grant_for(plugin, access, text) : "mortise plugin grant " + plugin + " " + refused.front().permission;
  const Value* there = result.find("warnings");
  if (command.empty() || (there != nullptr && !there->is(Kind::list))) return;
  Value warnings = there == nullptr ? Value::list() : *there;
  warnings.push_back("it may lack a permission: " + command);
  result.set("warnings", std::move(warnings));
}

}  // namespace

std::string grant_for(const std::string& plugin, const Access& access, std::string_view text) {
  text = text.substr(0, longest_text);
  const std::string command = "mortise plugin grant " + plugin + " ";
  if (!access.network() && tells(text, of_network)) return command + "network";
  if (!tells(text, of_files)) return {};
  const bool writing = text.find("ead-only") != std::string_view::npos;
  const std::vector<std::string> paths = paths_in(text);
  for (const std::string& path : paths) {
    if (const std::string permission = file_permission(access, path, writing); !permission.empty()) return command + permission;
  }
  const bool forbidden = text.find("ermission denied") != std::string_view::npos;
  return forbidden && paths.empty() && !access.network() ? command + "network" : std::string();
}

void explain_denials(Outcome& outcome, const std::string& plugin, const Access& access,
                     const std::vector<egress::Denied>& refused) {
  if (outcome.ok()) return warn_of_denials(outcome.value, plugin, access, refused);
  if (!outcome.error) return;
  std::string what;
  std::string command;
  if (!refused.empty()) {
    what = "denied: " + refused.front().what;
    command = "mortise plugin grant " + plugin + " " + refused.front().permission;
  } else if (outcome.ended == Ended::error) {
    command = grant_for(plugin, access, outcome.error->describe());
  }
  if (command.empty()) return;
  const Error& error = *outcome.error;
  std::string hint = error.hint().empty() ? std::string() : error.hint() + "; ";
  hint += (what.empty() ? "it may lack a permission: " : what + "; if it should be allowed: ") + command;
  Error explained(error.code(), error.what(), hint);
  for (const auto& [name, value] : error.details()) explained.with(name, value);
  if (!what.empty()) explained.with("denied", what);
  if (error.cause() != nullptr) explained.because(*error.cause());
  outcome.error = std::move(explained);
}

}  // namespace mortise::runtime
