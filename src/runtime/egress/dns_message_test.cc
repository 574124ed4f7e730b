#include "runtime/egress/dns_message.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace mortise;
using namespace mortise::runtime::egress;

namespace {

std::vector<std::byte> bytes(std::string_view text) {
  std::vector<std::byte> all;
  for (const char c : text) all.push_back(static_cast<std::byte>(c));
  return all;
}

using namespace std::string_view_literals;
// What a resolver sends for "a.example", type A, with one more record (EDNS) at its end.
constexpr std::string_view question =
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01"
    "a\x07"
    "example\x00\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"sv;

}  // namespace

TEST_CASE("a resolver's question is understood") {
  const auto read = read_question(bytes(question));
  REQUIRE(read);
  CHECK(read->id == 0x1234);
  CHECK(read->type == dns_a);
  CHECK(read->name == "a.example");
}

TEST_CASE("a question cut at any byte before its end is no question") {
  const std::size_t whole = question.size() - 11;
  for (std::size_t size = 0; size < whole; ++size) CHECK_FALSE(read_question(bytes(question.substr(0, size))));
  CHECK(read_question(bytes(question.substr(0, whole))));
}

TEST_CASE("what only looks like a question is none") {
  const auto changed = [](std::size_t at, char to) {
    std::string text(question);
    text[at] = to;
    return read_question(bytes(text)).has_value();
  };
  CHECK_FALSE(changed(2, '\x81'));   // an answer
  CHECK_FALSE(changed(5, '\x02'));   // two questions
  CHECK_FALSE(changed(12, '\xc0'));  // a pointer
  CHECK_FALSE(changed(12, '\x40'));  // longer than a label can be
  CHECK_FALSE(changed(13, '\n'));
  CHECK_FALSE(changed(13, '.'));
  CHECK_FALSE(changed(26, '\x03'));  // of another class
}

TEST_CASE("an answer repeats the question and holds the addresses of its family") {
  const auto asked = read_question(bytes(question)).value();
  const auto answer = write_answer(asked, DnsResult::ok, {IpAddress::parse("1.2.3.4").value(), IpAddress::parse("2001::1").value()});
  CHECK(answer[0] == std::byte{0x12});
  CHECK(answer[2] == std::byte{0x81});
  CHECK(answer[7] == std::byte{1});
  CHECK(std::vector(answer.end() - 4, answer.end()) == bytes("\x01\x02\x03\x04"sv));
  const auto refused = write_answer(asked, DnsResult::refused, {});
  CHECK(refused[3] == std::byte{0x85});
  CHECK(refused[7] == std::byte{0});
}

TEST_CASE("an answer with very many addresses holds those that fit into 512 bytes") {
  const auto asked = read_question(bytes(question)).value();
  const auto answer = write_answer(asked, DnsResult::ok, std::vector(1000, IpAddress::parse("1.2.3.4").value()));
  CHECK(answer.size() <= 512);
  CHECK(std::to_integer<int>(answer[7]) == 30);
}
