#include "base/ids.h"

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

TEST_CASE("ids have their prefix and shape, and are unique across threads") {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  threads.reserve(made.size());
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 5'000; ++i) mine.push_back(mortise::make_id("run"));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == 20'000);
  for (const std::string& id : all) {
    REQUIRE(id.size() == 30);
    REQUIRE(id.substr(0, 4) == "run_");
    REQUIRE(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 4) == std::string::npos);
  }
}

TEST_CASE("ids sort by the time of their making") {
  std::string last;
  for (int i = 0; i < 200; ++i) {
    const std::string id = mortise::make_id("run");
    CHECK(last < id);
    last = id;
    std::this_thread::sleep_for(std::chrono::microseconds(1));
  }
}

TEST_CASE("a uuid is a random one of version 4") {
  const std::string uuid = mortise::make_uuid();
  CHECK(uuid.size() == 36);
  CHECK(uuid[8] == '-');
  CHECK(uuid[14] == '4');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(uuid != mortise::make_uuid());
}
