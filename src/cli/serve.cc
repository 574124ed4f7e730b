#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <future>

#include "base/error.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"
#include "os/service_manager.h"

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

std::string monotonic_microseconds() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

// The log has what happened; a wrong configuration changes nothing and ends nothing.
void reload(Host& host) {
  os::notify_service_manager("RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds());
  std::string status = "STATUS=configuration read again";
  try {
    (void)host.reload();
  } catch (const Error& error) {
    complain("mortise: the configuration was not read again: " + error.describe() + "\n");
    status = "STATUS=the configuration is wrong; the one before holds";
  }
  os::notify_service_manager("READY=1\n" + status);
}

// The manager hears from us only while the server answers: one that hangs is started anew.
void tell_watchdog(const Tools& tools) {
  try {
    const Client client(tools.maker.socket_path(tools.options.data_dir), nullptr);
    if (client.ask({.target = "/health"}).status == 200) os::notify_service_manager("WATCHDOG=1");
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): silence is what the watchdog listens for
  }
}

int next_signal(const Tools& tools) {
  const auto period = os::watchdog_period();
  if (!period) return tools.signals.wait();
  const auto half =
      std::max(std::chrono::duration_cast<std::chrono::milliseconds>(*period / 2), std::chrono::milliseconds(1));
  for (;;) {
    if (const auto signal = tools.signals.wait_for(half)) return *signal;
    tell_watchdog(tools);
  }
}

}  // namespace

void stay_until_signalled(const Tools& tools, Host& host) {
  Signals& signals = tools.signals;
  os::notify_service_manager("READY=1\nSTATUS=serving");
  for (int signal = next_signal(tools); signal != SIGTERM && signal != SIGINT; signal = next_signal(tools)) {
    if (signal == SIGHUP) reload(host);
  }
  os::notify_service_manager("STOPPING=1\nSTATUS=finishing what runs");
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
  stay_until_signalled(tools, *host);
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
