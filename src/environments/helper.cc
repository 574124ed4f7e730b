#include "environments/helper.h"

#include <filesystem>
#include <optional>

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

runtime::launcher::Order order_for(const Places& places, const Question& question, const std::string& request) {
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

}  // namespace

Node ask_helper(const Log& log, const Places& places, const Options& options, const Question& question) {
  const std::string file = os::join(question.workplace, "request");
  os::write_file(file, text_of(question));
  runtime::launcher::Order order = order_for(places, question, file);
  order.policy = policy_for(places, options, question);
  runtime::Workshop workshop(log, places.launcher);
  std::optional<Node> told;
  const runtime::TaskEnd ended =
      runtime::run_task(workshop, std::move(order), {std::chrono::steady_clock::now() + options.timeout, {}},
                        [&](std::string_view line) { told = parse_json_config(line, "the helper's answer"); });
  if (told && told->has("answer")) return told->at("answer");
  if (told && told->has("error")) throw complaint(*told);
  const std::string said = last_line(ended.printed);
  throw Error(ended.how == runtime::TaskEnd::How::timed_out ? Code::timeout : Code::internal,
              "what finds packages for " + std::string(question.language) + " " + ended.describe() + (said.empty() ? "" : ": " + said),
              ended.how == runtime::TaskEnd::How::timed_out ? "raise environments.timeout" : "`mortise doctor` shows what is missing");
}

}  // namespace mortise::environments
