#include "http/multipart.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mortise;
using http::parse_multipart;

namespace {

constexpr const char* type = "multipart/form-data; charset=x; boundary=\"cut here\"";

std::string part(const std::string& headers, const std::string& content) { return "--cut here\r\n" + headers + "\r\n\r\n" + content + "\r\n"; }

const std::string file = part("Content-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".tar.gz\"\r\nContent-Type: application/gzip", "ab\r\n--cut\0c");
const std::string end = "--cut here--\r\n";

void refuse(const std::string& body, const char* words, const char* content_type = type) {
  CAPTURE(body);
  try {
    (void)parse_multipart(content_type, body);
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    CHECK(std::string(error.what()).find(words) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("parts come as they were sent, whatever bytes they hold") {
  const std::string body = "preamble\r\n" + part("content-disposition: form-data; name=target_version", "1.1.0") + file +
                           part("Content-Disposition: form-data; name=\"empty\"", "") + end + "epilogue";
  const auto parts = parse_multipart(type, body);
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].name == "target_version");
  CHECK(parts[0].content == "1.1.0");
  CHECK(parts[1].file_name == "a \"b\".tar.gz");
  CHECK(parts[1].content_type == "application/gzip");
  CHECK(parts[1].content == std::string_view("ab\r\n--cut"));
  CHECK(parts[2].content.empty());
}

TEST_CASE("a form that is cut anywhere is refused or has fewer parts, and never more") {
  const std::string body = part("Content-Disposition: form-data; name=a", "1") + file + end;
  for (std::size_t size = 0; size < body.size(); ++size) {
    std::size_t parts = 0;
    try {
      parts = parse_multipart(type, std::string_view(body).substr(0, size)).size();
    } catch (const Error& error) {
      CHECK(error.code() == Code::invalid);
    }
    CHECK(parts <= 2);
  }
}

TEST_CASE("each way of being no form is told") {
  refuse(file + end, "names no usable boundary", "multipart/form-data");
  refuse("nothing", "not in the body");
  refuse(file, "in the middle of a part");
  refuse("--cut here and more\r\n" + end, "goes on");
  refuse("--cut here\r\nContent-Disposition: form-data; name=a\r\n" + end, "do not end");
  refuse(part("Content-Disposition form-data", "x") + end, "without a colon");
  refuse(part("Content-Disposition: attachment; name=a", "x") + end, "no form-data");
  refuse(part("Content-Type: text/plain", "x") + end, "has no name");
  refuse(part("Content-Disposition: form-data; name=a\r\nContent-Type: multipart/mixed; boundary=y", "x") + end, "multipart itself");
  refuse(part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", "x") + end, "encoded as base64");
  refuse(part("X: " + std::string(9'000, 'x') + "\r\nContent-Disposition: form-data; name=a", "x") + end, "do not end");
  std::string many;
  for (int i = 0; i < 65; ++i) many += part("Content-Disposition: form-data; name=a", "x");
  refuse(many + end, "more than 64");
}
