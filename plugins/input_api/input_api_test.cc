#include "input_api/input_api.h"

#include <doctest/doctest.h>

#include "lib/fake_host.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

std::string key_of_error(std::initializer_list<std::pair<std::string_view, Value>> config) {
  return std::string(error_of([&] { (void)read_api_spec(Value::map(config)); }).detail("key"));
}

}  // namespace

TEST_CASE("parameters are added to the URL encoded, and what is shown of it holds no secrets") {
  CHECK(full_url("http://h/p?a=1", {{"q", "x y&z"}, {"n", "5"}}, "url") == "http://h/p?a=1&q=x+y%26z&n=5");
  CHECK(shown_url("https://user:pass@h:8443/p?token=secret#x") == "https://h:8443/p");
  CHECK(error_of([] { (void)full_url("file:///etc/passwd", {}, "url"); }).detail("key") == "url");
  CHECK(error_of([] { (void)full_url("not a url", {}, "url"); }).code() == Code::invalid);
}

TEST_CASE("the configuration is checked key by key before any request is made") {
  CHECK(key_of_error({}) == "url");
  CHECK(key_of_error({{"url", "ftp://h/x"}}) == "url");
  CHECK(key_of_error({{"url", "http://h"}, {"method", "FETCH"}}) == "method");
  CHECK(key_of_error({{"url", "http://h"}, {"timeout", 0}}) == "timeout");
  CHECK(key_of_error({{"url", "http://h"}, {"headers", Value::map({{"X", "a\r\nY: b"}})}}) == "headers.X");
  CHECK(key_of_error({{"url", "http://h"}, {"paging", Value::map({{"by", "cursor"}})}}) == "paging.cursor");
  CHECK(key_of_error({{"url", "http://h"}, {"paging", Value::map({{"by", "luck"}})}}) == "paging.by");
}

TEST_CASE("a body that is no text is sent as JSON, with its type unless another is named") {
  const ApiSpec spec =
      read_api_spec(Value::map({{"url", "http://h"}, {"method", "POST"}, {"data", Value::map({{"a", 1}})}}));
  CHECK(spec.request.body == R"({"a":1})");
  CHECK(spec.request.headers.back().second == "application/json");
  const ApiSpec text = read_api_spec(
      Value::map({{"url", "http://h"}, {"data", "a=1"}, {"headers", Value::map({{"content-TYPE", "text/x"}})}}));
  CHECK(text.request.body == "a=1");
  CHECK(text.request.headers.size() == 1);
}

TEST_CASE("a server that is not there is tried again and then named") {
  int waits = 0;
  ApiSpec spec = read_api_spec(Value::map({{"url", "http://127.0.0.1:1/x?k=secret"}, {"backoff", 0.001}}));
  const ApiHost host{[] { return false; }, [&](const std::string&, std::int64_t, double) { ++waits; }};
  const Error error = error_of([&] { (void)call_api(spec, host); });
  CHECK(error.code() == Code::busy);
  CHECK(std::string(error.what()).find("GET http://127.0.0.1:1/x:") == 0);
  CHECK(std::string(error.what()).find("secret") == std::string::npos);
  CHECK(waits == 2);
  const ApiHost stopped{[] { return true; }, {}};
  CHECK(error_of([&] { (void)call_api(spec, stopped); }).code() != Code::internal);
}
