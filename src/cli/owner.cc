#include "cli/owner.h"

#include <chrono>
#include <thread>

#include "base/error.h"
#include "cli/verbs.h"

namespace mortise::cli {
namespace {

// An owner that has just taken the lock needs a moment until its socket answers; one that is leaving, until its lock is free.
constexpr auto patience = std::chrono::seconds(3);
constexpr auto pause = std::chrono::milliseconds(20);

Error no_answer(const Error& locked, const std::string& socket) {
  Error error(Code::busy, std::string(locked.what()) + ", which does not answer on " + socket,
              "wait until it has ended, or stop it: kill " + std::string(locked.detail("pid")));
  error.with("pid", std::string(locked.detail("pid")));
  return error;
}

}  // namespace

std::unique_ptr<Client> Owner::running(const HostMaker& maker, const HostOptions& options, Signals* signals) {
  auto client = std::make_unique<Client>(maker.socket_path(options.data_dir), signals);
  return client->reachable() ? std::move(client) : nullptr;
}

std::unique_ptr<Client> require_server(const Tools& tools) {
  if (auto server = Owner::running(tools.maker, tools.options, &tools.signals)) return server;
  throw Error(Code::not_found, "no server runs on " + tools.options.data_dir, "start one with `mortise serve`");
}

Owner Owner::reach(HostMaker& maker, const HostOptions& options, Signals* signals) {
  const std::string socket = maker.socket_path(options.data_dir);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (auto client = running(maker, options, signals)) return {nullptr, std::move(client)};
    try {
      auto host = maker.open(options);
      return {std::move(host), std::make_unique<Client>(socket, signals)};
    } catch (const Error& error) {
      const bool locked = error.code() == Code::busy && !error.detail("pid").empty();
      if (!locked) throw;
      if (std::chrono::steady_clock::now() > deadline) throw no_answer(error, socket);
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace mortise::cli
