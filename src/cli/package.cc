// Packages at the shell: scan, pack, keygen.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "cli/findings.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

Value ask(const Tools& tools, const char* target, const Value& body) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  return owner.client().ask({.method = "POST", .target = target, .body = data::to_json(body)}).value();
}

// One line from standard input, for keys with a password; never as an argument, which every user of the machine could read.
std::string password(const Tools& tools) {
  if (!tools.arguments.password) return {};
  if (is_terminal(STDIN_FILENO)) complain("password: ");
  std::string line;
  if (!std::getline(std::cin, line) || line.empty()) {
    throw Error(Code::invalid, "there is no password on standard input", "type one, or leave --password out");
  }
  return line;
}

Tone tone_of(const std::string& severity) {
  if (severity == "high" || severity == "critical") return Tone::bad;
  return severity == "medium" ? Tone::warn : Tone::faint;
}

std::string finding_text(const Value& finding) {
  const std::string severity = text_in(finding, "severity");
  std::string place = text_in(finding, "file");
  if (const std::int64_t line = integer_in(finding, "line"); line > 0) place += ":" + std::to_string(line);
  std::string text = "  " + toned(tone_of(severity), severity, 1) + "  " + harmless(place) + "  " + harmless(text_in(finding, "message")) + " [" +
                     text_in(finding, "rule") + "]\n";
  if (const std::string code = text_in(finding, "code"); !code.empty()) text += "      " + harmless(code) + "\n";
  return text + "      " + harmless(text_in(finding, "advice")) + "\n";
}

}  // namespace

std::string findings_text(const Value& scan) {
  std::string text;
  for (const char* kind : {"issues", "warnings"}) {
    for (const Value& finding : list_in(scan, kind).items()) text += finding_text(finding);
  }
  return text;
}

namespace {

std::string page(const Value& report) {
  const Value& scan = map_in(report, "scan");
  const std::string name = text_in(report, "name"), verdict = text_in(scan, "verdict");
  std::string text = toned(Tone::strong, name.empty() ? "a package without a usable manifest" : harmless(name) + " " + text_in(report, "version"), 1) +
                     ": " + count_text(integer_in(report, "files")) + " files, " + count_text(integer_in(report, "bytes")) + " bytes\n";
  text += "  signature  " + harmless(text_in(map_in(report, "signature"), "message")) + "\n";
  text += "  sha256     " + text_in(report, "digest") + "\n\n";
  text += findings_text(scan);
  const Tone tone = verdict == "safe" ? Tone::good : verdict == "unsafe" ? Tone::bad : Tone::warn;
  return text + toned(tone, verdict, 1) + ", risk " + text_in(scan, "risk_level") + ": " + std::to_string(list_in(scan, "issues").size()) +
         " issues, " + std::to_string(list_in(scan, "warnings").size()) + " warnings in " + count_text(integer_in(scan, "lines")) +
         " lines of source\n";
}

}  // namespace

int scan_package(const Tools& tools) {
  Value keys = Value::list();
  for (const std::string& key : tools.arguments.keys) keys.push_back(os::absolute(key));
  const Value report =
      ask(tools, "/api/v1/packages/inspect", Value::map({{"path", os::absolute(tools.arguments.file)}, {"keys", std::move(keys)}}));
  print(tools.arguments.json ? json_text(report) : page(report));
  const bool refused = text_in(map_in(report, "signature"), "state") == "refused";
  return refused || text_in(map_in(report, "scan"), "verdict") == "unsafe" ? EXIT_FAILURE : EXIT_SUCCESS;
}

int pack_package(const Tools& tools) {
  const Arguments& arguments = tools.arguments;
  Value body = Value::map({{"path", os::absolute(arguments.file)}, {"folder", os::absolute(arguments.output.empty() ? "." : arguments.output)}});
  if (!arguments.sign.empty()) {
    body.set("key", os::absolute(arguments.sign));
    body.set("password", password(tools));
  }
  const Value made = ask(tools, "/api/v1/packages/pack", body);
  if (arguments.json) return print(json_text(made)), EXIT_SUCCESS;
  print(text_in(made, "file") + ": " + count_text(integer_in(made, "bytes")) + " bytes\n");
  if (const std::string signature = text_in(made, "signature"); !signature.empty()) print(signature + "\n");
  return EXIT_SUCCESS;
}

int make_keys(const Tools& tools) {
  const Value made = ask(tools, "/api/v1/packages/keys", Value::map({{"file", os::absolute(tools.arguments.file)}, {"password", password(tools)}}));
  print(tools.arguments.json ? json_text(made)
                             : "keep " + text_in(made, "secret_key") + " to yourself; give " + text_in(made, "public_key") + " (key " +
                                   text_in(made, "key_id") + ") to those who install what you sign\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
