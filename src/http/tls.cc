#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace mortise::http {
namespace {

Error wrong(const char* key, const std::string& file, const std::string& what, const std::string& hint) {
  return Error(Code::invalid, std::string("server.tls.") + key + ": '" + file + "' " + what, hint)
      .with("key", std::string("server.tls.") + key)
      .with("file", file);
}

void require_readable(const char* key, const std::string& file) {
  if (::access(file.c_str(), R_OK) == 0) return;
  throw wrong(key, file, std::string("cannot be read: ") + std::strerror(errno), "check the path and who may read it");
}

std::string last_reason() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* reason = ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return reason == nullptr ? "not what was expected" : reason;
}

void require_valid_now(SSL_CTX* context, const std::string& file) {
  X509* leaf = ::SSL_CTX_get0_certificate(context);
  if (leaf == nullptr) throw wrong("certificate", file, "holds no certificate", "it must hold one in PEM form");
  if (::X509_cmp_current_time(::X509_get0_notBefore(leaf)) > 0)
    throw wrong("certificate", file, "is not valid yet", "check the clock of this machine");
  if (::X509_cmp_current_time(::X509_get0_notAfter(leaf)) < 0)
    throw wrong("certificate", file, "has expired", "renew it, then send SIGHUP");
}

}  // namespace

TlsContext make_tls(const std::string& certificate, const std::string& key) {
  namespace ssl = boost::asio::ssl;
  require_readable("certificate", certificate);
  require_readable("key", key);
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* raw = context->native_handle();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  ::SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");                   // of TLS 1.2; forward secrecy only
  ::SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return 0; });  // never ask on the terminal
  ::ERR_clear_error();
  if (::SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1)
    throw wrong("certificate", certificate, "is no certificate in PEM form: " + last_reason(),
                "give the chain, the server's own first");
  if (::SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const std::string reason = last_reason();
    if (reason.find("mismatch") != std::string::npos)
      throw wrong("key", key, "does not belong to the certificate '" + certificate + "'",
                  "give the key that the certificate was made with");
    throw wrong("key", key, "is no private key in PEM form without a passphrase: " + reason,
                "give an unencrypted key that only this user can read");
  }
  if (::SSL_CTX_check_private_key(raw) != 1)
    throw wrong("key", key, "does not belong to the certificate '" + certificate + "'",
                "give the key that the certificate was made with");
  require_valid_now(raw, certificate);
  return context;
}

}  // namespace mortise::http
