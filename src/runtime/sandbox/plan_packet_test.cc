#include "runtime/sandbox/plan_packet.h"

#include <doctest/doctest.h>

using namespace mortise::runtime::sandbox;
using mortise::Error;

namespace {

const FilterProgram filter{{6, 1, 2, 0x7fff0000}};

Plan sample() {
  Plan plan;
  plan.layers = {Layer::private_root, Layer::system_calls, Layer::landlock_files};
  plan.network = Network::egress;
  plan.limits = {1, 2, 3, 4, 50, 6, 7};
  plan.user = User{1000, 1001};
  plan.own_count = true;
  plan.root.shown = {{"/data", Path::Access::write, Path::Presence::may_be_missing, true, false, 42},
                     {"/data/in", Path::Access::read, Path::Presence::must_exist, false, true, 42},
                     {"/usr", Path::Access::execute, Path::Presence::must_exist, true, false, -1}};
  plan.root.links = {{"/bin", "usr/bin"}};
  plan.root.files = {{"/etc/passwd", "worker:x:1000"}};
  plan.root.temporary = 99;
  plan.root.user = User{1000, 1001};
  plan.root.own_proc = false;
  plan.landlock = 6;
  plan.rules = {{"/data", Path::Access::write_and_execute, Path::Presence::must_exist}};
  plan.filter = &filter;
  return plan;
}

std::vector<std::byte> packed(std::vector<int>& descriptors) {
  Writer out;
  write(out, sample(), descriptors);
  return out.take();
}

ReceivedPlan unpacked(std::span<const std::byte> packet, const std::vector<int>& descriptors) {
  Reader in(packet);
  ReceivedPlan plan = read_plan(in, descriptors);
  in.end();
  return plan;
}

}  // namespace

TEST_CASE("a plan arrives as it was made, its owner maps under the numbers that they have there") {
  std::vector<int> descriptors{3, 4};
  const std::vector<std::byte> packet = packed(descriptors);
  CHECK(descriptors == std::vector<int>{3, 4, 42});  // each once
  const ReceivedPlan received = unpacked(packet, {7, 8, 9});
  const Plan& got = received.plan;
  CHECK(got.layers == sample().layers);
  CHECK(got.network == Network::egress);
  CHECK(got.limits.temporary == 7);
  CHECK(got.user->gid == 1001);
  CHECK(got.own_count);
  REQUIRE(got.root.shown.size() == 3);
  CHECK(got.root.shown[0].owner_map == 9);
  CHECK(got.root.shown[1].covered);
  CHECK_FALSE(got.root.shown[1].folder);
  CHECK(got.root.shown[2].owner_map == -1);
  CHECK(got.root.links == sample().root.links);
  CHECK(got.root.files == sample().root.files);
  CHECK(got.root.temporary == 99);
  CHECK_FALSE(got.root.own_proc);
  CHECK(got.landlock == 6);
  CHECK(got.rules.at(0).access == Path::Access::write_and_execute);
  REQUIRE(got.filter != nullptr);
  CHECK(got.filter->at(0).k == 0x7fff0000);
}

TEST_CASE("a plan cut at any byte, or without its descriptors, is refused") {
  std::vector<int> descriptors;
  const std::vector<std::byte> packet = packed(descriptors);
  for (std::size_t size = 0; size < packet.size(); ++size) CHECK_THROWS_AS((void)unpacked(std::span(packet).first(size), descriptors), Error);
  CHECK_THROWS_AS((void)unpacked(packet, {}), Error);
}
