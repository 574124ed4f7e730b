#include "environments/helper.h"

#include <stdlib.h>

#include <array>
#include <filesystem>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/json_text.h"
#include "os/file.h"
#include "os/paths.h"
#include "os/process.h"
#include "runtime/sandbox/policy.h"
#include "runtime/task.h"

namespace mortise::environments {
namespace {

namespace sandbox = runtime::sandbox;
using sandbox::Layer;
using Access = sandbox::Path::Access;

constexpr std::uint32_t open_files = 1024;

constexpr std::array ways{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"};
constexpr std::array certificates{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"};
constexpr std::array names{"/etc/resolv.conf", "/etc/hosts"};

void add_way_to_index(std::vector<std::string>& environment) {
  for (const auto& variables : {std::span<const char* const>(ways), std::span<const char* const>(certificates)}) {
    for (const char* name : variables) {
      if (const char* value = ::getenv(name); value != nullptr) environment.push_back(std::string(name) + "=" + value);
    }
  }
}

runtime::launcher::Order order_for(const Places& places, const Options& options, const Question& question, const std::string& request) {
  runtime::launcher::Order order;
  order.folder = question.workplace;
  order.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "HOME=" + question.workplace,
                       "TMPDIR=" + question.workplace};
  if (question.language == "python") {
    order.arguments = {places.python, "-I", "-B", os::join(places.helpers, "python_environment.py"), std::string(question.verb),
                       request};
  } else {
    order.arguments = {os::join(places.r_home, "bin/R"), "--vanilla", "--no-echo", "--file=" + os::join(places.helpers, "r_environment.R"),
                       "--args", std::string(question.verb), request};
    order.environment.push_back("R_LIBS=" + places.r_library);
  }
  if (!options.index.empty()) add_way_to_index(order.environment);
  return order;
}

sandbox::Policy policy_for(const Places& places, const Options& options, const Question& question) {
  sandbox::Policy policy;
  policy.limits.open_files = open_files;
  if (!options.index.empty() || options.DANGEROUSLY_unconfined) policy.network = sandbox::Network::DANGEROUSLY_the_hosts;
  if (options.DANGEROUSLY_unconfined) {
    policy.DANGEROUSLY_off = sandbox::Layers::all().without({Layer::no_new_privileges, Layer::resource_limits, Layer::closed_descriptors});
    return policy;
  }
  const auto show = [&](const std::string& path, Access access) {
    if (!path.empty()) policy.paths.push_back({path, access, sandbox::Path::Presence::may_be_missing});
  };
  show(places.helpers, Access::read);
  show(options.wheels, Access::read);
  show(options.r_packages, Access::read);
  if (question.language == "python") {
    show(os::parent_of(os::parent_of(places.python)), Access::execute);
    std::error_code none;
    show(std::filesystem::canonical(places.python, none).parent_path().parent_path().string(), Access::execute);
    if (!options.uv.empty()) show(options.uv, Access::execute);
  } else {
    show(places.r_home, Access::execute);
    show(places.r_library, Access::read);
  }
  if (!options.index.empty()) {
    for (const char* file : names) show(file, Access::read);
    for (const char* name : certificates) {
      if (const char* file = ::getenv(name); file != nullptr) show(file, Access::read);
    }
  }
  policy.paths.push_back({question.workplace, Access::write});
  // What a package brings to configure itself must start. Landlock knows no right to do so in a folder that is written to; the
  // private root holds still.
  const bool runs_code = question.verb == "install" && (question.language == "r" || options.DANGEROUSLY_build_sources);
  if (runs_code) policy.DANGEROUSLY_off.add(Layer::landlock_files);
  return policy;
}

// R reads no JSON by itself: for it a request is lines of fields.
std::string text_of(const Question& question) {
  std::string text;
  if (question.language != "r") {
    append_json(text, question.request);
    return text;
  }
  const auto line = [&](std::initializer_list<std::string_view> fields) {
    for (const std::string_view field : fields) text.append(text.empty() || text.back() == '\n' ? "" : "\t").append(field);
    text += '\n';
  };
  if (const Value* all = question.request.find("requirements")) {
    for (const Value& one : all->items()) line({"requirement", one.as_string()});
  }
  for (const char* key : {"folder", "target"}) {
    if (const Value* path = question.request.find(key)) line({key, path->as_string()});
  }
  if (const Value* all = question.request.find("packages"); all != nullptr && all->is(Kind::list)) {
    for (const Value& one : all->items()) line({"package", one.at("name").as_string(), one.at("version").as_string(), one.at("file").as_string()});
  }
  return text;
}

Error complaint(const Node& told) {
  Error error(Code::not_found, told.at("error").as_string(), told.string_or("hint", ""));
  const std::string requirement = told.string_or("requirement", "");
  if (!requirement.empty()) error.with("requirement", requirement);
  return error;
}

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const std::size_t begin = text.rfind('\n');
  return begin == std::string::npos ? text : text.substr(begin + 1);
}

// It ended without an answer.
Error silence(const runtime::TaskEnd& ended, const Question& question) {
  using How = runtime::TaskEnd::How;
  const std::string said = last_line(ended.printed);
  const std::string message = "what finds packages for " + std::string(question.language) + " " + ended.describe() + (said.empty() ? "" : ": " + said);
  switch (ended.how) {
    case How::timed_out: return {Code::timeout, message, "raise environments.timeout"};
    case How::cancelled: return {Code::cancelled, message, "the host is stopping"};
    default: return {Code::internal, message, "`mortise doctor` shows what is missing"};
  }
}

}  // namespace

Node ask_helper(const Log& log, const Places& places, const Options& options, const Question& question, const std::atomic<bool>& cancelled) {
  const std::string file = os::join(question.workplace, "request");
  os::write_file(file, text_of(question));
  runtime::launcher::Order order = order_for(places, options, question, file);
  order.policy = policy_for(places, options, question);
  runtime::Workshop workshop(log, places.launcher);
  std::optional<Node> told;
  const runtime::TaskEnd ended = runtime::run_task(
      workshop, std::move(order), {std::chrono::steady_clock::now() + options.timeout, [&] { return cancelled.load(); }},
      [&](std::string_view line) { told = parse_json_config(line, "the helper's answer"); });
  if (ended.how == runtime::TaskEnd::How::exited && told && told->has("answer")) return told->at("answer");
  if (ended.how == runtime::TaskEnd::How::exited && told && told->has("error")) throw complaint(*told);
  throw silence(ended, question);
}

}  // namespace mortise::environments
