// HangupWatch: ends this process within a second after the host is gone, whatever the plugin is doing then.
//
// A thread that sleeps on the socket's hang-up. A worker whose host lives never notices it.
#pragma once

#include <thread>

#include "os/fd.h"

namespace mortise::runtime::child {

class HangupWatch {
 public:
  // The descriptor must stay open while the watch lives.
  explicit HangupWatch(int socket);
  HangupWatch(const HangupWatch&) = delete;
  HangupWatch& operator=(const HangupWatch&) = delete;
  ~HangupWatch();  // no process ends any more because of it

 private:
  os::Fd stop_;
  std::thread thread_;
};

}  // namespace mortise::runtime::child
