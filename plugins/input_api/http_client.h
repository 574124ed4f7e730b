// HttpClient: one request after the other over libcurl, with limits.
//
// Only http and https, also behind redirects. Certificates are checked. A response larger than `max_bytes` is an error before it is
// in memory. An answer of any status is an answer; no answer (no connection, a broken one, too late) is Error{busy or timeout}.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mortise/error.hpp"

namespace mortise::plugins {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> params;  // added to the URL, encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool has_body = false;
  double timeout = 30;          // seconds, of the whole exchange
  double connect_timeout = 10;  // seconds
  std::uint64_t max_bytes = std::uint64_t{256} << 20;
  bool follow_redirects = true;
  std::string ca_file;  // instead of the system's certificates
};

struct HttpResponse {
  long status = 0;
  std::string url;                                           // after redirects
  std::vector<std::pair<std::string, std::string>> headers;  // names in small letters
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const;  // of small letters; empty when absent
};

class HttpClient {
 public:
  // `stop` is asked now and then; true ends the request as Error{cancelled}.
  explicit HttpClient(std::function<bool()> stop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] HttpResponse send(const HttpRequest& request);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// Error{invalid} with `key` for what is no URL of http or https. Gives the URL with the parameters in it.
[[nodiscard]] std::string full_url(const std::string& url,
                                   const std::vector<std::pair<std::string, std::string>>& params,
                                   const std::string& key);
// The URL for messages: without user, password and query, which may hold secrets.
[[nodiscard]] std::string shown_url(const std::string& url);

}  // namespace mortise::plugins
