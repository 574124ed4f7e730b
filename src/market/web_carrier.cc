#include "market/web_carrier.h"

#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>

#include "base/error.h"

namespace mortise::market {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::chrono::seconds step_patience{30};    // to connect, to send, until the header is there
constexpr std::chrono::minutes body_patience{10};

struct Place {
  bool encrypted = false;
  std::string host, port, path;  // path without a slash at its end
};

std::optional<Place> place_of(const std::string& address) {
  Place place;
  std::string rest;
  if (address.starts_with("http://")) {
    rest = address.substr(7);
  } else if (address.starts_with("https://")) {
    place.encrypted = true;
    rest = address.substr(8);
  } else {
    return std::nullopt;
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string authority = rest.substr(0, slash);
  place.path = rest.substr(slash);
  while (place.path.ends_with('/')) place.path.pop_back();
  if (place.path.empty()) place.path = "/marketplace";
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
    place.port = authority.substr(colon + 1);
    authority.resize(colon);
  } else {
    place.port = place.encrypted ? "443" : "80";
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  place.host = authority;
  const bool plain = address.find_first_of(" ?#@\r\n\t") == std::string::npos;
  if (!plain || place.host.empty() || place.port.empty() || place.port.find_first_not_of("0123456789") != std::string::npos) {
    throw Error(Code::invalid, "'" + address + "' is no address", "such as https://plugins.example.org/marketplace").with("key", "address").with("got", address);
  }
  return place;
}

// A "+" in a version would be read as a blank by some servers.
std::string escaped(const std::string& file) {
  std::string made;
  for (const char c : file) made += c == '+' ? std::string("%2B") : std::string(1, c);
  return made;
}

class WebCarrier final : public Carrier {
 public:
  WebCarrier(std::string address, Place place, std::string token) : address_(std::move(address)), place_(std::move(place)), token_(std::move(token)) {}

  std::optional<std::string> find(const std::string& file, std::uint64_t limit) override {
    Answer answer = place_.encrypted ? encrypted(file, limit) : plain(file, limit);
    if (answer.status == wire::status::not_found) return std::nullopt;
    if (answer.status == wire::status::ok) return std::move(answer.body);
    const bool moved = static_cast<unsigned>(answer.status) / 100 == 3;
    const bool refused = answer.status == wire::status::unauthorized || answer.status == wire::status::forbidden;
    throw Error(refused ? Code::denied : Code::unsupported,
                address_ + " answers " + std::to_string(static_cast<unsigned>(answer.status)) + " when asked for " + file,
                refused  ? "it wants a token: mortise marketplace add NAME ADDRESS --key FILE --token"
                : moved ? "redirects are not followed: give the address that it leads to"
                        : "is it the address of a marketplace?")
        .with("address", address_)
        .with("file", file);
  }
  const std::string& address() const noexcept override { return address_; }

 private:
  struct Answer {
    wire::status status;
    std::string body;
  };

  Error unreachable(const ErrorCode& failure, const std::string& file) const {
    if (failure == wire::error::body_limit) {
      return Error(Code::invalid, address_ + ": " + file + " is larger than a marketplace's files may be", "it is not fetched").with("file", file);
    }
    const bool late = failure == beast::error::timeout;
    return Error(late ? Code::timeout : Code::busy, address_ + " cannot be reached: " + (late ? "no answer in time" : failure.message()),
                 "try again later, or take a copy of the marketplace in a folder")
        .with("address", address_)
        .with("file", file);
  }

  // Runs one asynchronous step to its end: so each has a deadline.
  template <typename Start>
  void step(asio::io_context& io, const std::string& file, Start start) const {
    ErrorCode result;
    start([&result](const ErrorCode& failure, const auto&...) { result = failure; });
    io.restart();
    io.run();
    if (result) throw unreachable(result, file);
  }

  tcp::resolver::results_type resolved(asio::io_context& io, const std::string& file) const {
    tcp::resolver resolver(io);
    ErrorCode failure;
    auto found = resolver.resolve(place_.host, place_.port, failure);
    if (failure) throw unreachable(failure, file);
    return found;
  }

  Answer plain(const std::string& file, std::uint64_t limit) const {
    asio::io_context io;
    beast::tcp_stream stream(io);
    connect(io, stream, file);
    return exchange(io, stream, stream, file, limit);
  }

  Answer encrypted(const std::string& file, std::uint64_t limit) const {
    asio::io_context io;
    asio::ssl::context context(asio::ssl::context::tls_client);
    context.set_default_verify_paths();
    context.set_verify_mode(asio::ssl::verify_peer);
    ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    beast::ssl_stream<beast::tcp_stream> stream(io, context);
    stream.set_verify_callback(asio::ssl::host_name_verification(place_.host));
    ::SSL_set_tlsext_host_name(stream.native_handle(), place_.host.c_str());
    connect(io, beast::get_lowest_layer(stream), file);
    beast::get_lowest_layer(stream).expires_after(step_patience);
    step(io, file, [&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, done); });
    return exchange(io, stream, beast::get_lowest_layer(stream), file, limit);
  }

  void connect(asio::io_context& io, beast::tcp_stream& stream, const std::string& file) const {
    const auto places = resolved(io, file);
    stream.expires_after(step_patience);
    step(io, file, [&](auto done) { stream.async_connect(places, done); });
  }

  template <typename Stream>
  Answer exchange(asio::io_context& io, Stream& stream, beast::tcp_stream& below, const std::string& file, std::uint64_t limit) const {
    wire::request<wire::empty_body> request(wire::verb::get, place_.path + "/" + escaped(file), 11);
    const std::string host = place_.host.find(':') == std::string::npos ? place_.host : "[" + place_.host + "]";
    request.set(wire::field::host, host + ":" + place_.port);
    request.set(wire::field::user_agent, "mortise");
    request.set(wire::field::connection, "close");
    if (!token_.empty()) request.set(wire::field::authorization, "Bearer " + token_);
    below.expires_after(step_patience);
    step(io, file, [&](auto done) { wire::async_write(stream, request, done); });
    beast::flat_buffer buffer;
    wire::response_parser<wire::string_body> parser;
    parser.body_limit(limit);
    step(io, file, [&](auto done) { wire::async_read_header(stream, buffer, parser, done); });
    below.expires_after(body_patience);
    if (!parser.is_done()) step(io, file, [&](auto done) { wire::async_read(stream, buffer, parser, done); });
    return {parser.get().result(), std::move(parser.get().body())};
  }

  const std::string address_;
  const Place place_;
  const std::string token_;
};

}  // namespace

std::unique_ptr<Carrier> web_carrier_for(const std::string& address, const std::string& token) {
  auto place = place_of(address);
  if (!place) return nullptr;
  return std::make_unique<WebCarrier>(address, *std::move(place), token);
}

}  // namespace mortise::market
