#include "runtime/sandbox/policy.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "runtime/sandbox/packet.h"

using namespace mortise::runtime::sandbox;
using mortise::Error;

namespace {

Policy sample() {
  Policy policy;
  policy.paths = {{"/opt/package", Path::Access::execute, Path::Presence::must_exist},
                  {"/data", Path::Access::write, Path::Presence::may_be_missing}};
  policy.system = false;
  policy.network = Network::egress;
  policy.limits = {1, 2, 3, 4, 50, 6, 7};
  policy.required = {Layer::private_root, Layer::control_groups};
  policy.user = User{1000, 1001};
  policy.DANGEROUSLY_off = {Layer::landlock_files};
  return policy;
}

std::vector<std::byte> packed(const Policy& policy) {
  Writer out;
  write(out, policy);
  return out.take();
}

Policy unpacked(std::span<const std::byte> bytes) {
  Reader in(bytes);
  Policy policy = read_policy(in);
  in.end();
  return policy;
}

}  // namespace

TEST_CASE("a policy arrives as it was sent") {
  const Policy got = unpacked(packed(sample()));
  REQUIRE(got.paths.size() == 2);
  CHECK(got.paths[0].path == "/opt/package");
  CHECK(got.paths[0].access == Path::Access::execute);
  CHECK(got.paths[1].presence == Path::Presence::may_be_missing);
  CHECK_FALSE(got.system);
  CHECK(got.network == Network::egress);
  CHECK(got.limits.memory == 1);
  CHECK(got.limits.cpu_weight == 2);
  CHECK(got.limits.cpu_quota == 3);
  CHECK(got.limits.processes == 4);
  CHECK(got.limits.open_files == 50);
  CHECK(got.limits.file_size == 6);
  CHECK(got.limits.temporary == 7);
  CHECK(got.required == sample().required);
  CHECK(got.user->gid == 1001);
  CHECK(got.DANGEROUSLY_off == Layers{Layer::landlock_files});
}

TEST_CASE("a policy cut at any byte is refused, and one with any byte changed is read or refused, never more") {
  const std::vector<std::byte> packet = packed(sample());
  for (std::size_t size = 0; size < packet.size(); ++size) {
    CHECK_THROWS_AS((void)unpacked(std::span(packet).first(size)), Error);
  }
  for (std::size_t i = 0; i < packet.size(); ++i) {
    std::vector<std::byte> changed = packet;
    changed[i] ^= std::byte{0xff};
    try {
      (void)unpacked(changed);
    } catch (const Error&) {
    }
  }
}

TEST_CASE("a policy that contradicts itself or asks for nonsense is refused by name") {
  Policy policy = sample();
  policy.DANGEROUSLY_off.add(Layer::private_root);
  CHECK_THROWS_WITH_AS((void)unpacked(packed(policy)), "a policy requires what it switches off: private-root", Error);
  policy = sample();
  policy.paths[0].path = "relative";
  CHECK_THROWS_WITH_AS((void)unpacked(packed(policy)), "a policy names 'relative', which is no absolute path", Error);
  policy = sample();
  policy.limits.open_files = 3;
  CHECK_THROWS_AS((void)unpacked(packed(policy)), Error);
  policy = sample();
  policy.paths = {{"/", Path::Access::write, Path::Presence::must_exist}};
  CHECK_THROWS_AS((void)unpacked(packed(policy)), Error);
}

TEST_CASE("every layer has a name of its own, by which it is found again") {
  for (std::size_t i = 0; i < layer_count; ++i) {
    const auto layer = static_cast<Layer>(i);
    CHECK(layer_named(name_of(layer)) == layer);
  }
  CHECK_FALSE(layer_named("magic").has_value());
  CHECK(names_of({Layer::own_network, Layer::private_root}) == "private-root, own-network");
  CHECK(Layers::all().without({Layer::own_user}).has(Layer::control_groups));
  CHECK_FALSE(Layers::of_bits(0xffffffff).without(Layers::all()).has(Layer::private_root));
}
