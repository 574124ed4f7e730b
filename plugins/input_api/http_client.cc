#include "input_api/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>

namespace mortise::plugins {
namespace {

struct Exchange {
  const std::function<bool()>& stop;
  HttpResponse response;
  std::uint64_t max_bytes = 0;
  bool too_large = false;
};

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  if (exchange.response.body.size() + size > exchange.max_bytes) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(data, size);
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& headers = static_cast<Exchange*>(context)->response.headers;
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) headers.clear();  // of the answer before a redirect
  const std::size_t colon = line.find(':');
  constexpr std::size_t most = 500;
  if (colon != std::string_view::npos && headers.size() < most) {
    headers.emplace_back(lower(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1)));
  }
  return size;
}

int look(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(context)->stop() ? 1 : 0;
}

class Url {
 public:
  Url() : url_(::curl_url()) {}
  ~Url() { ::curl_url_cleanup(url_); }
  Url(const Url&) = delete;
  Url& operator=(const Url&) = delete;
  [[nodiscard]] CURLU* get() const { return url_; }
  [[nodiscard]] std::string part(CURLUPart part) const {
    char* text = nullptr;
    if (::curl_url_get(url_, part, &text, 0) != CURLUE_OK) return {};
    std::string made(text);
    ::curl_free(text);
    return made;
  }

 private:
  CURLU* url_;
};

}  // namespace

struct HttpClient::Handle {
  std::function<bool()> stop;
  CURL* curl = nullptr;
};

std::string HttpResponse::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return {};
}

HttpClient::HttpClient(std::function<bool()> stop) : handle_(std::make_unique<Handle>()) {
  static const CURLcode started = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  handle_->stop = std::move(stop);
  handle_->curl = started == CURLE_OK ? ::curl_easy_init() : nullptr;
  if (handle_->curl == nullptr) throw Error(Code::internal, "libcurl does not start");
}

HttpClient::~HttpClient() { ::curl_easy_cleanup(handle_->curl); }

HttpResponse HttpClient::send(const HttpRequest& request) {
  CURL* curl = handle_->curl;
  ::curl_easy_reset(curl);  // connections stay open
  Exchange exchange{handle_->stop, {}, request.max_bytes};
  const std::string url = full_url(request.url, request.params, "url");
  char problem[CURL_ERROR_SIZE] = "";
  curl_slist* headers = nullptr;
  for (const auto& [name, value] : request.headers) {
    headers = ::curl_slist_append(headers, (value.empty() ? name + ";" : name + ": " + value).c_str());
  }
  if (request.body.size() > 1024) headers = ::curl_slist_append(headers, "Expect:");
  ::curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  ::curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  ::curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout * 1000));
  ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout * 1000));
  ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");  // whatever it can unpack
  ::curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
  ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  ::curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  ::curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
  ::curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  ::curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  ::curl_easy_setopt(curl, CURLOPT_USERAGENT, "mortise-input-api/1.0");
  if (!request.ca_file.empty()) ::curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  if (request.has_body) {
    ::curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    ::curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  if (request.method == "HEAD") ::curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  ::curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  const CURLcode code = ::curl_easy_perform(curl);
  ::curl_slist_free_all(headers);

  const std::string shown = request.method + " " + shown_url(url);
  if (exchange.too_large) {
    throw Error(Code::invalid, shown + ": the answer is larger than " + std::to_string(request.max_bytes) + " bytes",
                "raise max_bytes, or ask for less at once with `paging`")
        .with("key", "max_bytes");
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) throw Error(Code::cancelled, "cancelled");
  if (code == CURLE_OPERATION_TIMEDOUT) {
    throw Error(Code::timeout, shown + ": " + (problem[0] != '\0' ? problem : ::curl_easy_strerror(code)),
                "raise `timeout` if the server is slow")
        .with("key", "timeout");
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    throw Error(Code::denied, shown + ": " + (problem[0] != '\0' ? problem : ::curl_easy_strerror(code)),
                "the certificate is not trusted; `ca_file` names another authority");
  }
  if (code != CURLE_OK) {
    throw Error(Code::busy, shown + ": " + (problem[0] != '\0' ? problem : ::curl_easy_strerror(code)),
                "is the server there? Check `url`");
  }
  ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.response.status);
  const char* last = nullptr;
  ::curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &last);
  exchange.response.url = last != nullptr ? last : url;
  return std::move(exchange.response);
}

std::string full_url(const std::string& text, const std::vector<std::pair<std::string, std::string>>& params,
                     const std::string& key) {
  const Url url;
  const CURLUcode code = ::curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  const std::string scheme = code == CURLUE_OK ? url.part(CURLUPART_SCHEME) : "";
  if (scheme != "http" && scheme != "https") {
    throw Error(Code::invalid, key + ": expected a URL of http or https, got '" + text + "'",
                "for example https://example.org/items")
        .with("key", key)
        .with("got", text);
  }
  for (const auto& [name, value] : params) {
    const std::string pair = name + "=" + value;
    ::curl_url_set(url.get(), CURLUPART_QUERY, pair.c_str(), CURLU_APPENDQUERY | CURLU_URLENCODE);
  }
  return url.part(CURLUPART_URL);
}

std::string shown_url(const std::string& text) {
  const Url url;
  if (::curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return "the URL";
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    ::curl_url_set(url.get(), part, nullptr, 0);
  }
  return url.part(CURLUPART_URL);
}

}  // namespace mortise::plugins
