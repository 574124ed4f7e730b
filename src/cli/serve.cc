#include <unistd.h>

#include <csignal>
#include <future>

#include "base/error.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {

Value urls_of(const Host& host) {
  Value urls = Value::list();
  for (const std::string& url : host.urls()) urls.push_back(url);
  return urls;
}

std::string ready_line(const Tools& tools, const Host& host) {
  if (tools.arguments.json) {
    return data::to_json(Value::map({{"version", tools.maker.version()},
                                     {"pid", static_cast<std::int64_t>(::getpid())},
                                     {"urls", urls_of(host)},
                                     {"socket", tools.maker.socket_path(tools.options.data_dir)}})) +
           "\n";
  }
  std::string line = "mortise " + tools.maker.version() + " ready on";
  for (const std::string& url : host.urls()) line += " " + url;
  return line + "\n";
}

namespace {

// The log has what happened; a wrong configuration changes nothing and ends nothing.
void reload(Host& host) {
  try {
    (void)host.reload();
  } catch (const Error& error) {
    complain("mortise: the configuration was not read again: " + error.describe() + "\n");
  }
}

}  // namespace

void stay_until_signalled(Host& host, Signals& signals) {
  for (int signal = signals.wait(); signal != SIGTERM && signal != SIGINT; signal = signals.wait()) {
    if (signal == SIGHUP) reload(host);
  }
  complain("mortise: stopping; running work may finish, a second signal ends it\n");
  auto drained = std::async(std::launch::async, [&host] { host.drain(); });
  while (drained.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    const auto second = signals.take();
    // Nothing is lost: what is recorded is durable, and workers end with their host.
    if (second == SIGTERM || second == SIGINT) ::_exit(meaning(Code::cancelled).exit_status);
  }
  drained.get();
}

int serve(const Tools& tools) {
  HostOptions options = tools.options;
  options.ports = HostOptions::Ports::configured;
  options.logging = HostOptions::Logging::configured;
  const auto host = tools.maker.open(options);
  print(ready_line(tools, *host));
  stay_until_signalled(*host, tools.signals);
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
