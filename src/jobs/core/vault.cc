#include "jobs/core/vault.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "os/file.h"

namespace mortise::jobs {
namespace {

constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
static_assert(Vault::overhead == nonce_size + tag_size);

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void require(int result) {
  if (result != 1) throw Error(Code::internal, "the cryptographic library failed");
}

unsigned char* bytes(char* data) { return reinterpret_cast<unsigned char*>(data); }
const unsigned char* bytes(std::string_view data) { return reinterpret_cast<const unsigned char*>(data.data()); }

int int_size(std::string_view data) {
  if (data.size() > (1U << 30U)) throw Error(Code::internal, "too much to be sealed in one piece");
  return static_cast<int>(data.size());
}

}  // namespace

Vault::Vault(const std::string& key_file) {
  if (!std::filesystem::exists(key_file)) {
    require(RAND_bytes(key_.data(), static_cast<int>(key_.size())));
    os::write_file(key_file, {reinterpret_cast<const char*>(key_.data()), key_.size()}, 0600);
    return;
  }
  const std::string content = os::read_file(key_file, 4096);
  if (content.size() != key_.size()) {
    throw Error(Code::invalid,
                "'" + key_file + "' is no key: it has " + std::to_string(content.size()) + " bytes of 32",
                "restore it from a backup; without it, runs of the past cannot be taken up again. Moved away, a new "
                "one is made")
        .with("file", key_file);
  }
  std::copy(content.begin(), content.end(), key_.begin());
}

std::string Vault::seal(std::string_view plain, std::string_view purpose) const {
  std::string sealed(nonce_size + plain.size() + tag_size, '\0');
  require(RAND_bytes(bytes(sealed.data()), nonce_size));
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  require(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes(sealed.data())));
  require(EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes(purpose), int_size(purpose)));
  require(EVP_EncryptUpdate(cipher.get(), bytes(sealed.data() + nonce_size), &size, bytes(plain), int_size(plain)));
  require(EVP_EncryptFinal_ex(cipher.get(), bytes(sealed.data() + nonce_size + plain.size()), &size));
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size, sealed.data() + nonce_size + plain.size()));
  return sealed;
}

std::string Vault::open(std::string_view sealed, std::string_view purpose) const {
  const auto damaged = [] {
    return Error(Code::invalid, "what was stored does not open: it was changed, cut, or sealed with another key",
                 "restore the data folder with its key from one backup");
  };
  if (sealed.size() < overhead) throw damaged();
  const std::string_view content = sealed.substr(nonce_size, sealed.size() - overhead);
  std::string tag(sealed.substr(sealed.size() - tag_size));
  std::string plain(content.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  require(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes(sealed)));
  require(EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes(purpose), int_size(purpose)));
  require(EVP_DecryptUpdate(cipher.get(), bytes(plain.data()), &size, bytes(content), int_size(content)));
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()));
  if (EVP_DecryptFinal_ex(cipher.get(), bytes(plain.data() + plain.size()), &size) != 1) throw damaged();
  return plain;
}

}  // namespace mortise::jobs
