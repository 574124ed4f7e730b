#include "http/worker_threads.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

using mortise::http::WorkerThreads;

TEST_CASE("tasks run side by side up to the number of threads, and the next ones wait in a bounded queue") {
  WorkerThreads workers(2, 1);
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> started = 0, done = 0;
  const auto task = [&, open] {
    ++started;
    open.wait();
    ++done;
  };
  CHECK(workers.post(task));
  CHECK(workers.post(task));
  while (started < 2) std::this_thread::yield();
  CHECK(workers.post(task));
  CHECK_FALSE(workers.post(task));
  gate.set_value();
  while (done < 3) std::this_thread::yield();
  while (!workers.post([&] { ++done; })) std::this_thread::yield();
  while (done < 4) std::this_thread::yield();
}

TEST_CASE("stopping waits for what has begun and drops the rest") {
  WorkerThreads workers(1, 10);
  std::atomic<bool> begun = false, ended = false;
  const auto dropped = std::make_shared<int>(1);
  CHECK(workers.post([&] {
    begun = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ended = true;
  }));
  CHECK(workers.post([dropped] { FAIL("it ran"); }));
  while (!begun) std::this_thread::yield();
  workers.stop();
  CHECK(ended);
  CHECK(dropped.use_count() == 1);
  CHECK_FALSE(workers.post([] {}));
}
