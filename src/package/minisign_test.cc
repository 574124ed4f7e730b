#include "package/minisign.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mortise;
using package::PublicKey;
using package::SecretKey;
using package::Signature;

namespace {

Code refused(const std::string& signature, const std::string& content, const PublicKey& key) {
  try {
    (void)Signature::verify(signature, content, key);
  } catch (const Error& error) {
    return error.code();
  }
  return Code::internal;
}

}  // namespace

// Made by minisign 0.11 (`minisign -GW`, `minisign -S` and `minisign -Sl` on a file with "hello\n").
constexpr const char* their_public_key = "RWSdLALEMpuQQ21fXRz9sm0DZe98v7PAuORRpPrQzq5iRILQWjU4uede";
constexpr const char* their_secret_key = 
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAnSwCxDKbkENf659JwMc/kWQz2Z9iqtLXYWhYBTVx+5C3seOoRIPvvG1fXRz9sm0DZe98v7PAuORRpPrQzq5iRILQWjU4uedeAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
constexpr const char* their_signature = 
    "untrusted comment: signature from minisign secret key\n"
    "RUSdLALEMpuQQ+2a3BcjfrWw4RJk4Bx+xGSClsFZnaGgAHoRhI4GziVuA3rYa1u6ACeixZlXoW0Y0GzoyQ+3Ih2tBkqCe5MDgg4=\n"
    "trusted comment: made by minisign\n"
    "zySswp2v0391QcRh3bUflTKR3eV1zGnYe6E1fkRyge1KRvEroNHXCdSWlJNg2oRuo8h0KHcEWHrq3+j7WHFZAA==\n";
constexpr const char* their_legacy_signature = 
    "untrusted comment: signature from minisign secret key\n"
    "RWSdLALEMpuQQ/gb6+JkZeIldFIzpklK9aW5gH8Uu/l/61+0EWxT5BnCnjvcDCtWXQScpaaTy2MkFiR58Efwj0T4YtUvLpPaLA0=\n"
    "trusted comment: the old way\n"
    "5/KzQRch/HdBG0myHso6mxuwyBB5LZKsSZW57Rw73JgG5qiwPMUJ5+tv1v1H5MrDyuKJ74XtdDhsVdyOxbtvCg==\n";

TEST_CASE("signatures and keys of the program minisign are read") {
  const PublicKey key = PublicKey::parse(their_public_key);
  CHECK(Signature::verify(their_signature, "hello\n", key).comment == "made by minisign");
  CHECK(Signature::verify(their_legacy_signature, "hello\n", key).comment == "the old way");
  const SecretKey secret = SecretKey::parse(their_secret_key);
  CHECK(secret.public_key() == key);
  CHECK(Signature::verify(secret.sign("x", "ours"), "x", key).comment == "ours");
}

TEST_CASE("what was signed verifies, and nothing else does") {
  const SecretKey secret = SecretKey::generate();
  const PublicKey key = secret.public_key();
  const std::string signature = secret.sign("content", "timestamp:1 file:x");
  const Signature verified = Signature::verify(signature, "content", key);
  CHECK(verified.comment == "timestamp:1 file:x");
  CHECK(verified.key_id == key.id_text());
  CHECK(PublicKey::parse(key.text()) == key);

  CHECK(refused(signature, "content ", key) == Code::denied);
  CHECK(refused(signature, "content", SecretKey::generate().public_key()) == Code::denied);
  std::string commented = signature;
  commented.replace(commented.find("timestamp:1"), 11, "timestamp:2");
  CHECK(refused(commented, "content", key) == Code::denied);
}

TEST_CASE("a signature changed or cut anywhere is refused") {
  const SecretKey secret = SecretKey::generate();
  const std::string signature = secret.sign("content", "c");
  const std::size_t second_line = signature.find('\n') + 1;  // the first is not signed
  for (std::size_t i = second_line; i + 1 < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed == signature) continue;
    INFO(i);
    CHECK(refused(changed, "content", secret.public_key()) != Code::internal);
  }
  for (std::size_t size = 0; size + 1 < signature.size(); ++size) {
    INFO(size);
    CHECK(refused(signature.substr(0, size), "content", secret.public_key()) != Code::internal);
  }
}

TEST_CASE("a secret key opens with its password only") {
  const SecretKey secret = SecretKey::generate();
  const std::string text = secret.text("open sesame");
  CHECK(SecretKey::parse(text, "open sesame").public_key() == secret.public_key());
  CHECK_THROWS_WITH_AS((void)SecretKey::parse(text), "the secret key 'secret key' needs its password", Error);
  CHECK_THROWS_WITH_AS((void)SecretKey::parse(text, "open"), "the password does not open the secret key 'secret key'", Error);
  CHECK(SecretKey::parse(secret.text()).public_key() == secret.public_key());
}
