// Owner: whoever owns the data folder, reached through its socket: a server that runs already, else this process itself.
#pragma once

#include <memory>

#include "cli/client.h"
#include "cli/host.h"

namespace mortise::cli {

class Owner {
 public:
  // A running server, or a host made here. Throws Error{busy} with the pid when the folder is owned by a process that does
  // not answer.
  [[nodiscard]] static Owner reach(HostMaker& maker, const HostOptions& options, Signals* signals);
  // Null when no server runs.
  [[nodiscard]] static std::unique_ptr<Client> running(const HostMaker& maker, const HostOptions& options,
                                                       Signals* signals);

  [[nodiscard]] const Client& client() const noexcept { return *client_; }
  [[nodiscard]] Host* own() const noexcept { return host_.get(); }  // null when another process is the owner

 private:
  Owner(std::unique_ptr<Host> host, std::unique_ptr<Client> client)
      : host_(std::move(host)), client_(std::move(client)) {}
  std::unique_ptr<Host> host_;
  std::unique_ptr<Client> client_;
};

}  // namespace mortise::cli
