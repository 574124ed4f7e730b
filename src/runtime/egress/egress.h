// Egress: the host's side of a worker's doors (doors/doors.h): names it asks for are resolved, connections it wants are made, both
// by the worker's rules, on a thread of its own.
//
// A connection is made in the host's network and, once it stands, takes the place of the worker's own socket, with the
// options it had; the worker's connect() returns then. So connect() of a socket that does not block waits, too; no data
// passes through the host. What is refused returns EACCES and is reported. An address of the loopback network that no rule
// opens leads to the worker's own namespace. UDP stays there altogether, and so do Unix sockets, which are looked up below
// the worker's own root.
//
// What a worker sends here is read as hostile: an address of at most 128 bytes that is copied once, questions of at most
// 512 bytes, and never more than a few at a time (more wait in the kernel).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "os/fd.h"
#include "runtime/egress/rules.h"

namespace mortise::runtime::egress {

struct Denied {
  std::string what;        // "network to 10.0.0.5:80"
  std::string permission;  // that would allow it: "network=10.0.0.5:80"
};

class Egress {
 public:
  // `denied` is called on threads of this object, before the worker learns of it; it must not block or throw.
  using OnDenied = std::function<void(const Denied&)>;
  Egress(os::Fd names, os::Fd connects, std::shared_ptr<Rules> rules, OnDenied denied);
  ~Egress();  // what waits is refused; returns at once
  Egress(const Egress&) = delete;
  Egress& operator=(const Egress&) = delete;

 private:
  struct Work;
  std::shared_ptr<Work> work_;
  std::thread thread_;
};

}  // namespace mortise::runtime::egress
