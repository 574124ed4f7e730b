#include "jobs/pipelines/task_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <string>

using mortise::jobs::TaskPool;
using namespace std::chrono_literals;

TEST_CASE("tasks run in the order in which they become due") {
  std::string order;
  std::promise<void> done;
  {
    TaskPool pool(1);
    const auto now = TaskPool::Clock::now();
    pool.post_at(now + 60ms, [&] {
      order += "c";
      done.set_value();
    });
    pool.post_at(now + 20ms, [&] { order += "b"; });
    pool.post([&] { order += "a"; });
    done.get_future().wait();
  }
  CHECK(order == "abc");
}

TEST_CASE("as many tasks run at once as there are threads, and no more") {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> ran = 0;
  {
    TaskPool pool(3);
    for (int i = 0; i < 12; ++i) {
      pool.post([&] {
        const int now = ++running;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(5ms);
        --running;
        ++ran;
      });
    }
  }
  CHECK(ran == 12);
  CHECK(most == 3);
}

TEST_CASE("a pool that ends runs what is due and drops what is not") {
  std::atomic<int> ran = 0;
  {
    TaskPool pool(2);
    pool.post([&] { ++ran; });
    pool.post_at(TaskPool::Clock::now() + 1h, [&] { ran += 100; });
  }
  CHECK(ran == 1);
}
