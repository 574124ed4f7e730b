// Installed packages at the shell.
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "cli/findings.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

// The findings that refused a package stand before the error; details that are whole documents are for programs alone.
[[noreturn]] void tell(const Tools& tools, const Error& error) {
  if (tools.arguments.json) throw Error(error);
  if (const std::string_view scan = error.detail("scan"); !scan.empty()) complain(findings_text(data::parse_json(scan)));
  Error plain(error.code(), error.what(), error.hint());
  for (const auto& [name, value] : error.details()) {
    if (!value.starts_with('{')) plain.with(name, value);
  }
  for (const Error* cause = error.cause(); cause != nullptr; cause = cause->cause()) plain.because(*cause);
  throw plain;
}

Value ask(const Tools& tools, const Client& client, std::string_view method, const std::string& target, const Value& body = {}) {
  try {
    return client.ask({.method = method, .target = target, .body = body.is_null() ? std::string() : data::to_json(body)}).value();
  } catch (const Error& error) {
    tell(tools, error);
  }
}

Value ask(const Tools& tools, std::string_view method, const std::string& target, const Value& body = {}) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  return ask(tools, owner.client(), method, target, body);
}

std::string target_of(const Tools& tools, const char* what = "") { return "/api/v1/packages/" + path_segment(tools.arguments.package.plugin) + what; }

// What every order has of the command line.
Value order_of(const Arguments& arguments) {
  const PackageArguments& package = arguments.package;
  Value from = Value::list();
  for (const std::string& folder : package.from) from.push_back(os::absolute(folder));
  Value body = Value::map({{"from", std::move(from)}, {"accept", package.accept}, {"enable", !package.disabled}});
  if (package.accept_findings) body.set("dangerously_accept_findings", true);
  if (!package.reason.empty()) body.set("reason", package.reason);
  if (!package.target.empty()) body.set("target_version", package.target);
  if (!package.as.empty()) body.set("as", package.as);
  return body;
}

void add_list(std::string& text, const char* name, const Value& list) {
  if (list.size() != 0) text += "  " + std::string(name) + std::string(12 - std::string_view(name).size(), ' ') + harmless(joined(list)) + "\n";
}

std::string changes_text(const Value& change) {
  std::string text;
  for (const char* what : {"permissions", "dependencies"}) {
    const Value& both = map_in(change, what);
    if (list_in(both, "added").size() != 0) text += "  new " + std::string(what) + ": " + harmless(joined(list_in(both, "added"))) + "\n";
    if (list_in(both, "removed").size() != 0) text += "  no longer " + std::string(what) + ": " + harmless(joined(list_in(both, "removed"))) + "\n";
  }
  return text;
}

std::string done_text(const Value& report) {
  const std::string action = text_in(report, "action"), plugin = harmless(text_in(report, "plugin"));
  const std::string from = text_in(report, "from"), version = text_in(report, "version");
  if (action == "enable") return plugin + " " + version + " is enabled\n";
  if (action == "disable") return plugin + " " + version + " is disabled\n";
  if (action == "uninstall") return plugin + " " + from + " is uninstalled\n";
  if (action == "keep") return plugin + " " + version + " is kept; `mortise plugin update " + plugin + " --to " + version + "` goes over to it\n";
  if (action == "install") return plugin + " " + version + (flag_in(report, "enabled") ? " is installed and enabled\n" : " is installed; `mortise plugin enable " + plugin + "` lets it be used\n");
  return plugin + ": " + from + " -> " + version + "\n";
}

std::string page(const Value& report) {
  std::string text = toned(Tone::good, done_text(report), 1);
  add_list(text, "along", list_in(report, "along"));
  add_list(text, "may", list_in(report, "permissions"));
  text += changes_text(map_in(report, "change"));
  for (const Value& need : list_in(map_in(report, "dependency_resolution"), "details").items()) {
    if (!flag_in(need, "resolved")) text += "  " + toned(Tone::warn, "lacks " + harmless(text_in(need, "name")), 1) + ": " + harmless(text_in(need, "message")) + "\n";
  }
  for (const Value& warning : list_in(report, "warnings").items()) text += "  " + toned(Tone::warn, "warning", 1) + ": " + harmless(warning.as_string()) + "\n";
  const Value& scan = map_in(report, "security_scan");
  if (const std::string verdict = text_in(scan, "verdict"); !verdict.empty() && verdict != "safe")
    text += "  scan: " + verdict + "\n" + findings_text(scan);
  return text;
}

int show(const Tools& tools, const Value& report) {
  print(tools.arguments.json ? json_text(report) : page(report));
  return EXIT_SUCCESS;
}

// A path when it is there, else NAME[@RANGE].
Value wanted_of(const Arguments& arguments, const std::string& what) {
  Value body = order_of(arguments);
  std::error_code ignored;
  if (std::filesystem::exists(what, ignored)) {
    body.set("path", os::absolute(what));
    return body;
  }
  const bool is_path = what.find('/') != std::string::npos || what.ends_with(".gz") || what.ends_with(".zip") || what.ends_with(".zst");
  if (is_path) throw Error(Code::not_found, "there is no file '" + what + "'", "an archive, a folder, or NAME[@RANGE]").with("file", what);
  const std::size_t at = what.find('@');
  body.set("name", what.substr(0, at));
  if (at != std::string::npos) body.set("range", what.substr(at + 1));
  return body;
}

int install_locked(const Tools& tools) {
  Value body = order_of(tools.arguments);
  body.set("path", os::absolute(tools.arguments.package.lock));
  const Value answer = ask(tools, "POST", "/api/v1/packages/lock", body);
  if (tools.arguments.json) return print(json_text(answer)), EXIT_SUCCESS;
  const Value& done = list_in(answer, "done");
  for (const Value& report : done.items()) print(page(report));
  if (done.size() == 0) print("everything is as the lock says\n");
  return EXIT_SUCCESS;
}

// Under another name: with that of its package.
std::string name_of(const Value& plugin) {
  const std::string name = text_in(plugin, "name"), package = text_in(plugin, "package");
  return package.empty() || package == name ? name : name + " (" + package + ")";
}

std::string moment(const Value& record, std::string_view key) {
  std::string text = text_in(record, key, "-").substr(0, 19);
  if (text.size() == 19) text[10] = ' ';
  return text;
}

}  // namespace

int install_package(const Tools& tools) {
  if (!tools.arguments.package.lock.empty() && !tools.arguments.package.as.empty())
    throw Error(Code::invalid, "--as and --lock are two ways: a lock says which names plugins have", "leave one of them out").with("key", "--as");
  if (!tools.arguments.package.lock.empty()) return install_locked(tools);
  if (!tools.arguments.package.as.empty() && tools.arguments.package.what.size() > 1)
    throw Error(Code::invalid, "--as names one plugin, and several are to be installed", "install them one by one").with("key", "--as");
  if (tools.arguments.package.what.empty()) throw Error(Code::invalid, "nothing was named", "an archive, a folder, NAME[@RANGE], or --lock FILE");
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  Value all = Value::list();
  for (const std::string& what : tools.arguments.package.what) {
    all.push_back(ask(tools, owner.client(), "POST", "/api/v1/packages", wanted_of(tools.arguments, what)));
    if (!tools.arguments.json) print(page(all[all.size() - 1]));
  }
  if (tools.arguments.json) print(json_text(all.size() == 1 ? all[0] : all));
  return EXIT_SUCCESS;
}

int enable_package(const Tools& tools) { return show(tools, ask(tools, "POST", target_of(tools, "/enable"))); }
int disable_package(const Tools& tools) { return show(tools, ask(tools, "POST", target_of(tools, "/disable"))); }

int uninstall_package(const Tools& tools) {
  const std::string& reason = tools.arguments.package.reason;
  return show(tools, ask(tools, "DELETE", target_of(tools) + (reason.empty() ? "" : "?reason=" + path_segment(reason))));
}

int update_package(const Tools& tools) {
  const PackageArguments& package = tools.arguments.package;
  Value body = order_of(tools.arguments);
  if (!package.package.empty()) body.set("path", os::absolute(package.package));
  return show(tools, ask(tools, "POST", target_of(tools, package.keep ? "/versions" : "/update"), body));
}

int rollback_package(const Tools& tools) { return show(tools, ask(tools, "POST", target_of(tools, "/rollback"), order_of(tools.arguments))); }

int list_versions(const Tools& tools) {
  const bool one = !tools.arguments.package.plugin.empty();
  const Value answer = ask(tools, "GET", one ? target_of(tools) : "/api/v1/packages");
  if (tools.arguments.json) return print(json_text(answer)), EXIT_SUCCESS;
  const Value all = one ? Value::list({answer}) : answer;
  std::vector<std::vector<std::string>> rows{{"PLUGIN", "VERSION", "STATE", "KEPT SINCE", "SIGNED BY", "SOURCE"}};
  for (const Value& plugin : all.items()) {
    for (const Value& version : list_in(plugin, "versions").items()) {
      const char* state = !flag_in(version, "current") ? "kept" : flag_in(plugin, "enabled") ? "enabled" : "disabled";
      rows.push_back({name_of(plugin), text_in(version, "version"), state, moment(version, "stored"), text_in(version, "signer", "-"), text_in(version, "source")});
    }
  }
  print(rows.size() > 1 ? table(rows) : "nothing is installed; `mortise plugin install FILE` installs a package\n");
  return EXIT_SUCCESS;
}

int show_history(const Tools& tools) {
  const bool one = !tools.arguments.package.plugin.empty();
  const Value events = ask(tools, "GET", one ? target_of(tools, "/history") : "/api/v1/packages/history");
  if (tools.arguments.json) return print(json_text(events)), EXIT_SUCCESS;
  std::vector<std::vector<std::string>> rows{{"TIME", "PLUGIN", "WHAT", "FROM", "TO", "BY", "REASON"}};
  for (const Value& event : events.items()) {
    rows.push_back({moment(event, "time"), text_in(event, "plugin"), text_in(event, "action"), text_in(event, "from", "-"), text_in(event, "to", "-"), text_in(event, "by"), text_in(event, "reason")});
  }
  print(rows.size() > 1 ? table(rows) : "nothing was installed yet\n");
  return EXIT_SUCCESS;
}

int verify_packages(const Tools& tools) {
  const Value answer = ask(tools, "POST", "/api/v1/packages/verify");
  const bool whole = flag_in(answer, "whole");
  if (tools.arguments.json) return print(json_text(answer)), whole ? EXIT_SUCCESS : EXIT_FAILURE;
  for (const Value& damaged : list_in(answer, "damaged").items()) {
    print(toned(Tone::bad, harmless(text_in(damaged, "name")) + " " + text_in(damaged, "version"), 1) + "\n");
    for (const Value& problem : list_in(damaged, "problems").items()) print("  " + harmless(problem.as_string()) + "\n");
  }
  const std::int64_t count = integer_in(answer, "versions");
  print(count_text(count) + (count == 1 ? " version" : " versions") + (whole ? ": all files are as they were installed\n" : " looked at; install the damaged ones again\n"));
  return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}

int collect_garbage(const Tools& tools) {
  const Value answer = ask(tools, "POST", "/api/v1/packages/gc");
  print(tools.arguments.json ? json_text(answer) : count_text(integer_in(answer, "folders")) + " folders removed, " + count_text(integer_in(answer, "bytes")) + " bytes\n");
  return EXIT_SUCCESS;
}

int write_lock(const Tools& tools) {
  const std::string text = json_text(ask(tools, "GET", "/api/v1/packages/lock"));
  if (tools.arguments.output.empty()) return print(text), EXIT_SUCCESS;
  constexpr mode_t readable = 0644;
  os::write_file(os::absolute(tools.arguments.output), text, readable);
  print(tools.arguments.json ? text : tools.arguments.output + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
