#include "runtime/launcher/order.h"

#include <doctest/doctest.h>

using namespace mortise::runtime::launcher;
namespace sandbox = mortise::runtime::sandbox;
using mortise::Error;

namespace {
Order sample() {
  Order order;
  order.id = 7;
  order.arguments = {"/bin/true", "", "ä"};
  order.environment = {"PATH=/bin"};
  order.folder = "/tmp";
  order.policy.paths = {{"/opt/package", sandbox::Path::Access::execute, sandbox::Path::Presence::must_exist}};
  order.policy.limits.open_files = 64;
  order.policy.user = sandbox::User{1000, 1001};
  order.group = 5;
  order.zygote = ZygoteWords{{"/usr/bin/python3", "-m", "it"}, {"LANG=C"}, 2};
  return order;
}
}  // namespace

TEST_CASE("an order arrives as it was sent") {
  const Order got = std::get<Order>(decode_request(encode(sample())));
  CHECK(got.id == 7);
  CHECK(got.arguments == sample().arguments);
  CHECK(got.environment == sample().environment);
  CHECK(got.folder == "/tmp");
  CHECK(got.policy.paths.at(0).path == "/opt/package");
  CHECK(got.policy.limits.open_files == 64);
  CHECK(got.policy.user->gid == 1001);
  CHECK(got.zygote->arguments == sample().zygote->arguments);
  CHECK(got.zygote->environment == sample().zygote->environment);
  CHECK(got.zygote->after == 2);
  CHECK(got.group == 5);
  const auto lend = std::get<Lend>(decode_request(encode(Lend{sample().zygote, 6})));
  CHECK((lend.group == 6 && lend.words->environment == sample().zygote->environment));
  CHECK(!std::get<Lend>(decode_request(encode(Lend{{}, 6}))).words);
  CHECK(std::get<Prepare>(decode_request(encode(Prepare{*sample().zygote}))).words.arguments == sample().zygote->arguments);
}

TEST_CASE("reports arrive as they were sent") {
  const auto started = std::get<Started>(decode_report(encode(Started{3, 99, "no zygote"})));
  CHECK(started.pid == 99);
  CHECK(started.cold == "no zygote");
  const auto refused = std::get<Refused>(decode_report(encode(Refused{3, 2, "cannot run"})));
  CHECK(refused.error == 2);
  CHECK(refused.what == "cannot run");
  CHECK(std::get<Died>(decode_report(encode(Died{5, 9, 1, 2, 3}))).peak_resident == 3);
}

TEST_CASE("an order cut at any byte, or with one byte more, is refused") {
  std::vector<std::byte> packet = encode(sample());
  for (std::size_t size = 0; size < packet.size(); ++size) {
    CHECK_THROWS_AS((void)decode_request(std::span(packet).first(size)), Error);
  }
  packet.push_back(std::byte{0});
  CHECK_THROWS_AS((void)decode_request(packet), Error);
}

TEST_CASE("an order with any byte changed is decoded or refused, never more") {
  const std::vector<std::byte> packet = encode(sample());
  int refused = 0;
  for (std::size_t i = 0; i < packet.size(); ++i) {
    for (const int bits : {0x01, 0x80, 0xff}) {
      std::vector<std::byte> changed = packet;
      changed[i] ^= static_cast<std::byte>(bits);
      try {
        (void)decode_request(changed);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  CHECK(refused > 0);
}

TEST_CASE("an order needs an absolute program and has a largest size") {
  Order order = sample();
  order.arguments = {"true"};
  CHECK_THROWS_AS((void)decode_request(encode(order)), Error);
  order.arguments.clear();
  CHECK_THROWS_AS((void)decode_request(encode(order)), Error);
  order = sample();
  order.environment = {std::string(max_packet, 'x')};
  CHECK_THROWS_AS((void)encode(order), Error);
}
