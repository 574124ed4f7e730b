// One row per key: name, kind, default, meaning, and how it is read and shown. This file is long because it is the table.
#include "app/settings_keys.h"

#include <algorithm>
#include <array>

#include "os/paths.h"

namespace mortise::app {
namespace {

using Change = Key::Change;
using Shape = Key::Shape;
using Milliseconds = std::chrono::milliseconds;
using runtime::Transport;

// ---- reading -----------------------------------------------------------------------------------------------------------

// One, or a list of them.
template <typename Read>
auto one_or_several(const Node& node, Read read) {
  std::vector<decltype(read(node))> all;
  if (!node.is(Node::Kind::list)) return all.push_back(read(node)), all;
  for (const Node& item : node.items()) all.push_back(read(item));
  if (all.empty()) throw node.expected("at least one entry");
  return all;
}

Milliseconds duration(const Node& node) {
  const auto read = std::chrono::duration_cast<Milliseconds>(node.as_duration());
  if (read.count() <= 0) throw node.expected("a duration longer than 0, such as 30, 30s or 2m");
  return read;
}

Milliseconds duration_or_none(const Node& node) { return std::chrono::duration_cast<Milliseconds>(node.as_duration()); }

std::string path(const Node& node, const std::string& folder) {
  const std::string text = node.as_string();
  return text.empty() ? text : os::absolute(os::join(folder, text));
}

std::vector<std::string> paths(const Node& node, const std::string& folder) {
  std::vector<std::string> all;
  for (const std::string& one : node.as_strings()) all.push_back(os::absolute(os::join(folder, one)));
  return all;
}

std::uint16_t port(const Node& node) { return static_cast<std::uint16_t>(node.as_int64(0, 65535)); }

std::string host(const Node& node) { return node.as_string(); }

// One of a few words.
template <typename Choice>
Choice choice(const Node& node, std::initializer_list<std::pair<std::string_view, Choice>> words) {
  const std::string text = node.as_string();
  std::string expected;
  for (const auto& [word, meaning] : words) {
    if (text == word) return meaning;
    expected += (expected.empty() ? "" : word == (words.end() - 1)->first ? " or " : ", ") + std::string(word);
  }
  throw node.expected(expected);
}

Log::Level level(const Node& node) {
  return choice<Log::Level>(node, {{"debug", Log::Level::debug},
                                   {"info", Log::Level::info},
                                   {"warning", Log::Level::warning},
                                   {"error", Log::Level::error}});
}

Log::Levels levels(const Node& node) {
  Log::Levels all;
  for (const auto& [part, word] : node.members()) all[part] = level(word);
  return all;
}

double rate(const Node& node) {
  const double number = node.as_float64();
  if (!(number >= 0 && number <= 1e9)) throw node.expected("a number of requests per second, 0 for no limit");
  return number;
}

std::uint64_t some_size(const Node& node) {
  const std::uint64_t size = node.as_size();
  if (size == 0) throw node.expected("a size larger than 0, such as 512 KiB");
  return size;
}

std::vector<std::string> severities(const Node& node) {
  std::vector<std::string> all;
  for (const Node& item : node.items()) {
    all.emplace_back(choice<const char*>(item, {{"low", "low"}, {"medium", "medium"}, {"high", "high"}, {"critical", "critical"}}));
  }
  return all;
}

std::size_t count(const Node& node, std::int64_t least, std::int64_t most) {
  return static_cast<std::size_t>(node.as_int64(least, most));
}

// ---- showing -----------------------------------------------------------------------------------------------------------

template <typename Duration>
Value seconds(Duration given) {
  return std::chrono::duration<double>(given).count();
}

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

Value numbers(const std::vector<std::uint16_t>& all) {
  Value list = Value::list();
  for (const std::uint16_t one : all) list.push_back(static_cast<std::int64_t>(one));
  return list;
}

Value shown(const Log::Levels& levels) {
  Value map = Value::map();
  for (const auto& [part, own] : levels) map.set(part, name_of(own));
  return map;
}

std::string_view sandbox_word(Settings::Runtime::Sandbox sandbox) {
  using Sandbox = Settings::Runtime::Sandbox;
  return sandbox == Sandbox::automatic ? "auto" : sandbox == Sandbox::required ? "required" : "off";
}

// ---- the table ---------------------------------------------------------------------------------------------------------

// `n` is the node, `f` the folder where relative paths start, `s` the settings.
#define READ [](const Node& n, [[maybe_unused]] const std::string& f, Settings& s)
#define SHOW [](const Settings& s) -> Value

constexpr std::array table{Key{"data_dir", "path", "`.mortise` of the present folder", "state of the host",
                               Change::restart, Shape::one, READ{s.data_dir = path(n, f);
}  // namespace
, SHOW { return s.data_dir; }
}  // namespace mortise::app
,

    Key{"server.host", "text or list", "`127.0.0.1`",
        "addresses to listen on; those that other machines can reach need `server.tls` and a token", Change::restart,
        Shape::list, READ{s.server.hosts = one_or_several(n, host);
}
, SHOW { return texts(s.server.hosts); }
}
, Key{"server.port", "number or list", "`[8080, 8001]`",
      "ports to listen on, 0 for any free one; also written `server.ports`", Change::restart, Shape::list,
      READ{s.server.ports = one_or_several(n, port);
}
, SHOW { return numbers(s.server.ports); }
}
, Key{"server.allowed_hosts", "list of texts", "empty",
      "names that requests may use in `Host` beside localhost, 127.0.0.1 and [::1]", Change::at_once, Shape::list,
      READ{s.server.allowed_hosts = n.as_strings();
}
, SHOW { return texts(s.server.allowed_hosts); }
}
, Key{"server.allowed_origins", "list of texts", "empty",
      "origins whose pages may use the server, such as `http://localhost:3000`", Change::at_once, Shape::list,
      READ{s.server.allowed_origins = n.as_strings();
}
, SHOW { return texts(s.server.allowed_origins); }
}
, Key{"server.auth", "`open` or `required`", "`open`",
      "`required`: every request over TCP needs a token; `open`: those over loopback may read and run without one",
      Change::at_once, Shape::one,
      READ{s.server.auth = choice<Settings::Server::Auth>(
               n, {{"open", Settings::Server::Auth::open}, {"required", Settings::Server::Auth::required}});
}
, SHOW { return s.server.auth == Settings::Server::Auth::open ? "open" : "required"; }
}
, Key{"server.tls.certificate", "path", "none", "the certificate and its chain, in PEM; makes the ports speak HTTPS",
      Change::at_once, Shape::one, READ{s.server.certificate = path(n, f);
}
, SHOW { return s.server.certificate; }
}
, Key{"server.tls.key", "path", "none", "its private key, in PEM", Change::at_once, Shape::one,
      READ{s.server.key = path(n, f);
}
, SHOW { return s.server.key; }
}
, Key{"server.rate_limit", "number", "0",
      "requests per second of one token, or of one address without a token; 0: any number", Change::at_once, Shape::one,
      READ{s.server.rate_limit = rate(n);
}
, SHOW { return s.server.rate_limit; }
}
, Key{"server.rate_burst", "number", "twice the limit",
      "requests that one client may make at once before the limit holds", Change::at_once, Shape::one,
      READ{s.server.rate_burst = static_cast<std::uint32_t>(n.as_int64(1, 1'000'000));
}
, SHOW { return s.server.rate_burst; }
}
, Key{"server.max_body", "size", "`64 MiB`", "larger requests are refused with 413", Change::at_once, Shape::one,
      READ{s.server.max_body = some_size(n);
}
, SHOW { return s.server.max_body; }
}
, Key{"server.max_upload", "size", "`10 GiB`", "larger uploaded files are refused with 413", Change::at_once,
      Shape::one, READ{s.server.max_upload = some_size(n);
}
, SHOW { return s.server.max_upload; }
}
, Key{"server.max_connections", "number", "512", "more are answered with 503", Change::restart, Shape::one,
      READ{s.server.max_connections = count(n, 1, 100'000);
}
, SHOW { return s.server.max_connections; }
}
, Key{"server.header_timeout", "duration", "`10s`", "for a whole request header", Change::at_once, Shape::one,
      READ{s.server.header_timeout = duration(n);
}
, SHOW { return seconds(s.server.header_timeout); }
}
, Key{"server.idle_timeout", "duration", "`1m`", "between two requests of a connection", Change::at_once, Shape::one,
      READ{s.server.idle_timeout = duration(n);
}
, SHOW { return seconds(s.server.idle_timeout); }
}
, Key{"server.stall_timeout", "duration", "`30s`", "what a body or an answer may take beyond its size at 64 KiB/s",
      Change::at_once, Shape::one, READ{s.server.stall_timeout = duration(n);
}
, SHOW { return seconds(s.server.stall_timeout); }
}
, Key{"server.drain_timeout", "duration", "`30s`", "what running work gets after SIGTERM before it is cancelled",
      Change::at_once, Shape::one, READ{s.server.drain_timeout = duration(n);
}
, SHOW { return seconds(s.server.drain_timeout); }
}
,

    Key{"plugins.directories", "list of paths", "`[plugins]`", "where plugins are looked for at start", Change::restart,
        Shape::list, READ{s.plugins.directories = paths(n, f);
}
, SHOW { return texts(s.plugins.directories); }
}
, Key{"plugins.auto_discovery", "true or false", "true", "false: the directories are not scanned", Change::restart,
      Shape::one, READ{s.plugins.auto_discovery = n.as_bool();
}
, SHOW { return s.plugins.auto_discovery; }
}
, Key{"plugins.first_party", "true or false", "true", "whether the plugins that come with Mortise are there",
      Change::restart, Shape::one, READ{s.plugins.first_party = n.as_bool();
}
, SHOW { return s.plugins.first_party; }
}
, Key{"plugins.timeout", "duration", "`60s`", "of one step, where neither the step nor its plugin says otherwise",
      Change::restart, Shape::one, READ{s.plugins.timeout = duration(n);
}
, SHOW { return seconds(s.plugins.timeout); }
}
, Key{"plugins.max_concurrency", "number", "10", "steps at once in the whole host; others wait", Change::restart,
      Shape::one, READ{s.plugins.max_concurrency = count(n, 1, 1000);
}
, SHOW { return s.plugins.max_concurrency; }
}
, Key{"plugins.trusted", "list of names", "empty",
      "**these run inside the host's own process**: a crash of one is a crash of the host", Change::restart,
      Shape::list, READ{s.plugins.trusted = n.as_strings();
}
, SHOW { return texts(s.plugins.trusted); }
}
, Key{"plugins.health_interval", "duration", "`1m`",
      "how often plugins that are in use are asked whether they are well; 0: only on request", Change::at_once,
      Shape::one, READ{s.plugins.health_interval = duration_or_none(n);
}
, SHOW { return seconds(s.plugins.health_interval); }
}
,

    Key{"plugins.watch", "duration", "0",
        "how often plugins' folders are looked at; a plugin whose files changed is loaded anew without a dropped call; 0: "
        "only on `mortise plugin reload`",
        Change::at_once, Shape::one, READ{s.plugins.watch = duration_or_none(n);
}
, SHOW { return seconds(s.plugins.watch); }
}
,

    Key{"permissions.policy", "`grant` `ask` `deny`", "`grant`",
        "what a plugin's manifest declares holds at once, is asked for before the plugin is used, or does not hold unless "
        "granted",
        Change::at_once, Shape::one,
        READ{s.permissions.policy = choice<plugin::PermissionPolicy>(n, {{"grant", plugin::PermissionPolicy::grant},
                                                                         {"ask", plugin::PermissionPolicy::ask},
                                                                         {"deny", plugin::PermissionPolicy::deny}});
}
, SHOW { return name_of(s.permissions.policy); }
}
, Key{"permissions.folders", "list of paths", "empty",
      "folders that every plugin with the permission `file_system` may read and write", Change::restart, Shape::list,
      READ{s.permissions.folders = paths(n, f);
}
, SHOW { return texts(s.permissions.folders); }
}
,

    Key{"packages.signatures", "`off` `warn` `required`", "`warn`",
        "of packages: nobody looks, told with every answer, or nothing is installed or loaded that no trusted key signed",
        Change::at_once, Shape::one,
        READ{s.packages.signatures = choice<package::Policy::Signatures>(n, {{"off", package::Policy::Signatures::off},
                                                                             {"warn", package::Policy::Signatures::warn},
                                                                             {"required", package::Policy::Signatures::required}});
}
, SHOW { return name_of(s.packages.signatures); }
}
, Key{"packages.trusted_keys", "list of paths", "empty", "files with the public keys of publishers whose packages are trusted",
      Change::at_once, Shape::list, READ{s.packages.trusted_keys = paths(n, f);
}
, SHOW { return texts(s.packages.trusted_keys); }
}
, Key{"packages.refuse", "list of `low` `medium` `high` `critical`", "`high`, `critical`",
      "findings of the scanner that keep a package from being installed; others are warnings; empty: none does", Change::at_once,
      Shape::list, READ{s.packages.refuse = severities(n);
}
, SHOW { return texts(s.packages.refuse); }
}
, Key{"packages.max_archive", "size", "`64 MiB`", "of a package as it comes; server.max_body holds for uploads, too", Change::at_once,
      Shape::one, READ{s.packages.max_archive = some_size(n);
}
, SHOW { return s.packages.max_archive; }
}
, Key{"packages.max_unpacked", "size", "`256 MiB`", "of all files of a package together", Change::at_once, Shape::one,
      READ{s.packages.max_unpacked = some_size(n);
}
, SHOW { return s.packages.max_unpacked; }
}
, Key{"packages.max_files", "number", "20000", "files of a package", Change::at_once, Shape::one,
      READ{s.packages.max_files = count(n, 1, 1'000'000);
}
, SHOW { return s.packages.max_files; }
}
,

    Key{"runtime.grace", "duration", "`1s`", "between a deadline, or a cancel, and the kill of the worker",
        Change::restart, Shape::one, READ{s.runtime.grace = duration(n);
}
, SHOW { return seconds(s.runtime.grace); }
}
, Key{"runtime.idle", "duration", "`5m`", "a warm worker that nobody used for so long goes", Change::restart,
      Shape::one, READ{s.runtime.idle = duration(n);
}
, SHOW { return seconds(s.runtime.idle); }
}
, Key{"runtime.processes", "number", "512", "processes and threads of a worker whose plugin does not say",
      Change::restart, Shape::one, READ{s.runtime.processes = static_cast<std::uint32_t>(count(n, 1, 1'000'000));
}
, SHOW { return s.runtime.processes; }
}
, Key{"runtime.warm", "number", "64",
      "idle workers that are kept, of all plugins together; the one unused for longest goes first", Change::restart,
      Shape::one, READ{s.runtime.most_idle = count(n, 0, 100'000);
}
, SHOW { return s.runtime.most_idle; }
}
, Key{"runtime.cgroups", "true or false", "true",
      "false: limits are held by a watchdog alone, as where no control group can be made", Change::restart, Shape::one,
      READ{s.runtime.cgroups = n.as_bool();
}
, SHOW { return s.runtime.cgroups; }
}
, Key{"runtime.memory", "size", "a quarter of the machine", "of a worker whose plugin does not say", Change::restart,
      Shape::one, READ{s.runtime.memory = n.as_size();
}
, SHOW { return s.runtime.memory; }
}
, Key{"runtime.sandbox", "`auto` `required` or `off`", "`auto`",
      "`auto`: workers are confined by every layer this machine has; `required`: none starts where a layer is missing; "
      "**`off` is dangerous**: plugins may do all that this user may", Change::restart, Shape::one,
      READ{using Sandbox = Settings::Runtime::Sandbox;
s.runtime.sandbox = choice<Sandbox>(n, {{"auto", Sandbox::automatic}, {"required", Sandbox::required}, {"off", Sandbox::DANGEROUSLY_off}});
}
, SHOW { return sandbox_word(s.runtime.sandbox); }
}
, Key{"runtime.transport", "`auto`, `socket` or `ring`", "`auto`",
      "how calls reach workers: by shared memory where the worker can, never so, or only so", Change::restart, Shape::one,
      READ{s.runtime.transport = choice<Transport>(
               n, {{"auto", Transport::automatic}, {"socket", Transport::socket}, {"ring", Transport::ring}});
}
, SHOW {
  return s.runtime.transport == Transport::automatic ? "auto" : s.runtime.transport == Transport::socket ? "socket" : "ring";
}
}
,

    Key{"runtime.zygotes", "`auto`, `ahead` or `off`", "`auto`",
        "processes with Python or R loaded, from which workers are forked: made when workers of the language start, made when the "
        "server starts, or never", Change::restart, Shape::one,
        READ{using Zygotes = Settings::Runtime::Zygotes;
s.runtime.zygotes = choice<Zygotes>(n, {{"auto", Zygotes::automatic}, {"ahead", Zygotes::ahead}, {"off", Zygotes::off}});
}
, SHOW {
  using Zygotes = Settings::Runtime::Zygotes;
  return s.runtime.zygotes == Zygotes::automatic ? "auto" : s.runtime.zygotes == Zygotes::ahead ? "ahead" : "off";
}
}
,

    Key{"cache.max_size", "size", "`64 MiB`",
        "what all entries of the plugins' shared cache take together; the least recently used go first",
        Change::at_once, Shape::one, READ{s.cache.max_size = n.as_size();
}
, SHOW { return s.cache.max_size; }
}
, Key{"cache.max_entry", "size", "`8 MiB`", "larger values are not kept", Change::at_once, Shape::one,
      READ{s.cache.max_entry = n.as_size();
}
, SHOW { return s.cache.max_entry; }
}
, Key{"cache.ttl", "duration", "`5m`", "how long an entry is kept whose plugin does not say", Change::at_once,
      Shape::one, READ{s.cache.ttl = duration(n);
}
, SHOW { return seconds(s.cache.ttl); }
}
,

    Key{"environments.wheels", "path", "none", "a folder of wheels: where packages for plugins in Python are taken from",
        Change::at_once, Shape::one, READ{s.environments.wheels = path(n, f);
}
, SHOW { return s.environments.wheels; }
}
, Key{"environments.index", "text", "none", "the address of a package index that is asked for them, too", Change::at_once,
      Shape::one, READ{s.environments.index = n.as_string();
}
, SHOW { return s.environments.index; }
}
, Key{"environments.r_packages", "path", "none", "a folder of packages for plugins in R", Change::at_once, Shape::one,
      READ{s.environments.r_packages = path(n, f);
}
, SHOW { return s.environments.r_packages; }
}
, Key{"environments.uv", "true or false", "true", "uv installs packages for Python where it is found; false: pip does",
      Change::at_once, Shape::one, READ{s.environments.uv = n.as_bool();
}
, SHOW { return s.environments.uv; }
}
, Key{"environments.allow_source_builds", "true or false", "false",
      "**packages for Python that are no wheels run their own code while they are installed**; false: only wheels are taken",
      Change::at_once, Shape::one, READ{s.environments.allow_source_builds = n.as_bool();
}
, SHOW { return s.environments.allow_source_builds; }
}
, Key{"environments.timeout", "duration", "`10m`", "of building one environment", Change::at_once, Shape::one,
      READ{s.environments.timeout = duration(n);
}
, SHOW { return seconds(s.environments.timeout); }
}
, Key{"environments.keep", "duration", "`720h`", "an environment that nobody used for so long goes; 0: none goes",
      Change::at_once, Shape::one,
      READ{s.environments.keep = std::chrono::duration_cast<std::chrono::seconds>(n.as_duration());
}
, SHOW { return seconds(s.environments.keep); }
}
,

    Key{"pipelines.directories", "list of paths", "`[pipelines]`", "files whose pipelines are known by name",
        Change::restart, Shape::list, READ{s.pipeline_directories = paths(n, f);
}
, SHOW { return texts(s.pipeline_directories); }
}
,

    Key{"retention.runs_age", "duration", "0", "runs that ended longer ago are forgotten; 0: none is for its age",
        Change::at_once, Shape::one,
        READ{s.retention.runs_age = std::chrono::duration_cast<std::chrono::seconds>(n.as_duration());
}
, SHOW { return seconds(s.retention.runs_age); }
}
, Key{"retention.outputs_age", "duration", "`168h`", "outputs of steps are kept so long after the end of their run; 0: as long as the run",
        Change::at_once, Shape::one,
        READ{s.retention.outputs_age = std::chrono::duration_cast<std::chrono::seconds>(n.as_duration());
}
, SHOW { return seconds(s.retention.outputs_age); }
}
, Key{"retention.runs_count", "number", "0", "of the runs that ended only so many are remembered; 0: all",
      Change::at_once, Shape::one, READ{s.retention.runs_count = count(n, 0, 1'000'000'000);
}
, SHOW { return s.retention.runs_count; }
}
,

    Key{"logging.level", "`debug` `info` `warning` `error`", "`info`",
        "`mortise log-level` changes it while the server runs", Change::at_once, Shape::one,
        READ{s.logging.level = level(n);
}
, SHOW { return name_of(s.logging.level); }
}
, Key{"logging.levels", "map of names to levels", "empty",
      "of single parts: the rooms `http`, `jobs`, `runtime`, `plugins` and `app`, and plugins by their id",
      Change::at_once, Shape::map, READ{s.logging.levels = levels(n);
}
, SHOW { return shown(s.logging.levels); }
}
, Key{"logging.format", "`text` or `json`", "`text`", "one record is one line in both", Change::at_once, Shape::one,
      READ{s.logging.format = choice<Log::Format>(n, {{"text", Log::Format::text}, {"json", Log::Format::json}});
}
, SHOW { return s.logging.format == Log::Format::json ? "json" : "text"; }
}
, Key{"logging.file", "path", "standard error", "a verb without a server logs to `mortise.log` in the data folder",
      Change::restart, Shape::one, READ{s.logging.file = path(n, f);
}
, SHOW { return s.logging.file; }
}
, Key{"logging.max_size", "size", "`16 MiB`",
      "a larger log file is renamed to `FILE.1` and a new one begun; 0: no file is too large", Change::at_once,
      Shape::one, READ{s.logging.file_bytes = n.as_size();
}
, SHOW { return s.logging.file_bytes; }
}
, Key{"logging.max_age", "duration", "0", "an older one, too; 0: no file is too old", Change::at_once, Shape::one,
      READ{s.logging.file_age = std::chrono::duration_cast<std::chrono::seconds>(n.as_duration());
}
, SHOW { return seconds(s.logging.file_age); }
}
, Key{"logging.keep", "number", "4", "old log files that are kept", Change::at_once, Shape::one,
      READ{s.logging.old_files = count(n, 0, 10'000);
}
, SHOW { return s.logging.old_files; }
}
,
}
;

#undef READ
#undef SHOW

constexpr std::array spellings{OtherSpelling{"server.ports", "server.port"}};

}  // namespace

std::span<const Key> keys() noexcept { return table; }
std::span<const OtherSpelling> other_spellings() noexcept { return spellings; }

const Key* find_key(std::string_view name) noexcept {
  for (const OtherSpelling& other : spellings) {
    if (other.spelling == name) name = other.key;
  }
  const auto found = std::find_if(table.begin(), table.end(), [&](const Key& key) { return key.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string variable_of(std::string_view key) {
  std::string name = "MORTISE_";
  for (const char c : key) name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

std::string_view name_of(Key::Change change) noexcept { return change == Change::at_once ? "at once" : "restart"; }

Settings default_settings(const std::string& folder) {
  Settings settings;
  settings.plugins.directories = {os::join(folder, "plugins")};
  settings.pipeline_directories = {os::join(folder, "pipelines")};
  return settings;
}

}  // namespace mortise::app
