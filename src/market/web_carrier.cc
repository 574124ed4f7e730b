#include "market/web_carrier.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
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

bool is_ip_address(const std::string& host) {
  ErrorCode failure;
  (void)asio::ip::make_address(host, failure);
  return !failure;
}

bool stays_here(const std::string& host) {
  ErrorCode failure;
  const auto address = asio::ip::make_address(host, failure);
  return host == "localhost" || (!failure && address.is_loopback());
}

// Whom a certificate is for.
std::string names_in(X509* certificate) {
  if (certificate == nullptr) return "nobody";
  const auto free_names = [](GENERAL_NAMES* names) { ::GENERAL_NAMES_free(names); };
  const std::unique_ptr<GENERAL_NAMES, decltype(free_names)> names(
      static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)), free_names);
  std::string all;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()) && i < 10; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName));
    all += (all.empty() ? "" : ", ") + std::string(text, static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
  }
  return all.empty() ? "another one" : all;
}

// Why a certificate was not accepted, and what to do.
struct Doubt {
  std::string what, hint;
};
Doubt doubt_of(SSL* connection, const std::string& host, const std::string& names) {
  const long result = ::SSL_get_verify_result(connection);
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return {"its certificate has expired", "whoever tends the server renews it; check this machine's clock, too"};
    case X509_V_ERR_CERT_NOT_YET_VALID: return {"its certificate is not valid yet", "check this machine's clock"};
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {"its certificate is not for '" + host + "', but for " + names, "give the name that the certificate has, or somebody stands in between"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return {"its certificate is of an authority that this machine does not know",
              "where it is your own: name a file with the authority's certificate in the variable SSL_CERT_FILE of the server's environment"};
    default: return {std::string("its certificate is not accepted: ") + ::X509_verify_cert_error_string(result), "whoever tends the server can say more"};
  }
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
                refused  ? "it wants a token that holds: mortise marketplace add NAME ADDRESS --key FILE --token-file FILE"
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
    context.set_default_verify_paths();  // of the system, or of SSL_CERT_FILE and SSL_CERT_DIR
    context.set_verify_mode(asio::ssl::verify_peer);
    ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    beast::ssl_stream<beast::tcp_stream> stream(io, context);
    expect_host(stream.native_handle());
    std::string names;  // that the certificate has: it is gone when it was not accepted
    stream.set_verify_callback([&](bool accepted, asio::ssl::verify_context& chain) {
      names = names_in(::X509_STORE_CTX_get0_cert(chain.native_handle()));
      return accepted;
    });
    connect(io, beast::get_lowest_layer(stream), file);
    beast::get_lowest_layer(stream).expires_after(step_patience);
    try {
      step(io, file, [&](auto done) { stream.async_handshake(asio::ssl::stream_base::client, done); });
    } catch (const Error&) {
      if (::SSL_get_verify_result(stream.native_handle()) == X509_V_OK) throw;
      const Doubt doubt = doubt_of(stream.native_handle(), place_.host, names);
      throw Error(Code::denied, address_ + " is not trusted: " + doubt.what, doubt.hint).with("address", address_);
    }
    return exchange(io, stream, beast::get_lowest_layer(stream), file, limit);
  }

  // Whom the certificate must be for.
  void expect_host(SSL* connection) const {
    if (is_ip_address(place_.host)) {
      ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(connection), place_.host.c_str());
      return;
    }
    ::SSL_set1_host(connection, place_.host.c_str());
    ::SSL_set_tlsext_host_name(connection, place_.host.c_str());
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
  if (!token.empty() && !place->encrypted && !stays_here(place->host)) {
    throw Error(Code::denied, "the token for " + address + " would go over the network for everybody to read", "use https://").with("address", address);
  }
  return std::make_unique<WebCarrier>(address, *std::move(place), token);
}

}  // namespace mortise::market
