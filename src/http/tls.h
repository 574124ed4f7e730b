// TLS for the listening ports: a certificate and its key, checked when they are read. Internal to the server.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace mortise::http {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// TLS 1.2 and later, PEM files; the certificate file may hold the chain. Throws Error{invalid} that names the file and what is
// wrong with it: not there, no PEM, not yet or no longer valid, a key of another certificate.
[[nodiscard]] TlsContext make_tls(const std::string& certificate, const std::string& key);

}  // namespace mortise::http
