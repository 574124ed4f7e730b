// A call that the reactor drives. The instance cannot go while it lasts.
#pragma once

#include <memory>
#include <optional>

#include "runtime/worker_instance.h"

namespace mortise::runtime {

struct WorkerInstance::Async {
  std::shared_ptr<WorkerInstance> keeper;
  Completion completion;
  CancelToken cancel;
  Message message;
  std::optional<Exchange> exchange;
  CancelToken::Registration registration;
  bool watched = false;  // the registration was made
  Reactor::Id timer = 0;
  Clock::time_point timer_at = Clock::time_point::max();
};

}  // namespace mortise::runtime
