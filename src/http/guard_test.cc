#include "http/guard.h"

#include <doctest/doctest.h>

#include <optional>

#include "base/error.h"

using namespace mortise;
using namespace mortise::http;

namespace {

std::optional<Code> refusal(const Guard& guard, Pairs headers, Principal principal = Principal::local,
                            const std::string& authority = {}) {
  Request request;
  request.headers = std::move(headers);
  request.principal = principal;
  try {
    guard.admit(request, authority);
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

}  // namespace

TEST_CASE("only requests that name this machine are let in") {
  const Guard guard({{"mortise.test"}, {}});
  for (const char* host :
       {"localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "LOCALHOST", "mortise.test:8080"}) {
    CAPTURE(host);
    CHECK_FALSE(refusal(guard, {{"host", host}}).has_value());
  }
  for (const char* host :
       {"evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.2", "0.0.0.0", "[::]", "localhost."}) {
    CAPTURE(host);
    CHECK(refusal(guard, {{"host", host}}) == Code::denied);
  }
  for (const char* host : {"", "local host", "localhost:x", "a@localhost"}) {
    CAPTURE(host);
    CHECK(refusal(guard, {{"host", host}}) == Code::invalid);
  }
  CHECK(refusal(guard, {}) == Code::invalid);
  CHECK(refusal(guard, {{"host", "localhost"}, {"host", "localhost"}}) == Code::invalid);
  CHECK(refusal(guard, {{"host", "localhost"}}, Principal::local, "evil.example") == Code::denied);
}

TEST_CASE("a page of another origin is turned away, one of the same address is not") {
  const Guard guard({{}, {"https://tools.test"}});
  const std::string host = "localhost:8080";
  CHECK_FALSE(refusal(guard, {{"host", host}, {"origin", "http://localhost:8080"}}).has_value());
  CHECK_FALSE(refusal(guard, {{"host", host}, {"origin", "https://tools.test"}}).has_value());
  for (const char* origin : {"http://evil.example", "null", "http://localhost:3000", "https://localhost:8080",
                             "http://localhost:8080.evil"}) {
    CAPTURE(origin);
    CHECK(refusal(guard, {{"host", host}, {"origin", origin}}) == Code::denied);
  }
}

TEST_CASE("the operator's socket asks for neither Host nor Origin") {
  CHECK_FALSE(refusal(Guard({}), {{"host", "whatever"}, {"origin", "null"}}, Principal::operator_).has_value());
}

TEST_CASE("what is for the operator is denied to others") {
  Request request;
  CHECK_NOTHROW(authorize(request, needed(Scope::use, Method::post)));
  CHECK_THROWS_AS(authorize(request, needed(Scope::operate, Method::get)), Error);
  request.principal = Principal::token;
  request.access = Access::read;
  CHECK_NOTHROW(authorize(request, needed(Scope::use, Method::get)));
  CHECK_THROWS_AS(authorize(request, needed(Scope::use, Method::post)), Error);
  request.access = Access::admin;
  CHECK_NOTHROW(authorize(request, needed(Scope::admin, Method::del)));
  request.access = Access::none;
  CHECK_NOTHROW(authorize(request, needed(Scope::open, Method::get)));
}

TEST_CASE("addresses that other machines reach are refused") {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1"})
    CHECK_NOTHROW(require_private(host, Transport::plain));
  for (const char* host : {"0.0.0.0", "::", "192.168.1.1", "example.org", "", "127.evil.example", "127.0.0.1.evil"}) {
    CAPTURE(host);
    CHECK_THROWS_AS(require_private(host, Transport::plain), Error);
    CHECK_NOTHROW(require_private(host, Transport::encrypted));
  }
}
