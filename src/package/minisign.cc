#include "package/minisign.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "base/error.h"

namespace mortise::package {
namespace {

using Bytes = std::vector<unsigned char>;

constexpr std::string_view comment_mark = "untrusted comment: ";
constexpr std::string_view trusted_mark = "trusted comment: ";
constexpr std::size_t longest_text = 16'384;
constexpr std::size_t id_size = 8;
constexpr std::size_t check_size = 32;

void start_sodium() {
  if (sodium_init() < 0) throw Error(Code::internal, "the cryptographic library did not start");
}

Error malformed(const std::string& file, const std::string& what) {
  return Error(Code::invalid, "'" + file + "' " + what, "keys and signatures are files of minisign: `mortise plugin keygen` makes keys")
      .with("file", file);
}

std::vector<std::string_view> lines_of(std::string_view text, const std::string& file) {
  if (text.size() > longest_text) throw malformed(file, "is too long for a key or a signature");
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Bytes decoded(std::string_view line, std::size_t size, const std::string& file) {
  Bytes bytes(size + 8);
  std::size_t got = 0;
  const char* end = nullptr;
  const int status = sodium_base642bin(bytes.data(), bytes.size(), line.data(), line.size(), nullptr, &got, &end, sodium_base64_VARIANT_ORIGINAL);
  if (status != 0 || end != line.data() + line.size() || got != size) throw malformed(file, "is damaged");
  bytes.resize(size);
  return bytes;
}

std::string encoded(std::span<const unsigned char> bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the NUL
  return text;
}

std::string hexadecimal_id(std::span<const unsigned char> id) {
  std::string text;
  constexpr const char* digits = "0123456789ABCDEF";
  for (std::size_t i = id.size(); i-- > 0;) {  // little endian
    text += digits[id[i] >> 4U];
    text += digits[id[i] & 15U];
  }
  return text;
}

template <std::size_t Size>
void copy(std::array<unsigned char, Size>& to, const Bytes& from, std::size_t at) {
  std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(at), Size, to.begin());
}

std::array<unsigned char, crypto_generichash_BYTES_MAX> digest_of(std::string_view content) {
  std::array<unsigned char, crypto_generichash_BYTES_MAX> digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(content.data()), content.size(), nullptr, 0);
  return digest;
}

// ---- secret keys: 2 algorithm, 2 kdf, 2 checksum, 32 salt, 8 operations, 8 memory, then what may be encrypted ----

constexpr std::size_t sealed_at = 2 + 2 + 2 + 32 + 8 + 8;
constexpr std::size_t sealed_size = id_size + 64 + check_size;

std::uint64_t little_endian(const Bytes& bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8U | bytes[at + i];
  return number;
}

void put_little_endian(Bytes& bytes, std::size_t at, std::uint64_t number) {
  for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<unsigned char>(number >> (8 * i));
}

// XORs what is sealed with the key stream of the password. A file may ask for no more than minisign itself does.
void apply_password(Bytes& bytes, std::string_view password, const std::string& file) {
  const std::uint64_t operations = little_endian(bytes, 38);
  const std::uint64_t memory = little_endian(bytes, 46);
  if (operations > crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE || memory > crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE) {
    throw malformed(file, "asks for more work to open it than any key does");
  }
  Bytes stream(sealed_size);
  if (crypto_pwhash_scryptsalsa208sha256(stream.data(), stream.size(), password.data(), password.size(), bytes.data() + 6, operations,
                                         static_cast<std::size_t>(memory)) != 0) {
    throw Error(Code::busy, "not enough memory to open '" + file + "' with its password").with("file", file);
  }
  for (std::size_t i = 0; i < sealed_size; ++i) bytes[sealed_at + i] ^= stream[i];
}

std::array<unsigned char, check_size> checksum_of(const Bytes& bytes) {
  std::array<unsigned char, check_size> sum{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, sum.size());
  crypto_generichash_update(&state, bytes.data(), 2);
  crypto_generichash_update(&state, bytes.data() + sealed_at, id_size + 64);
  crypto_generichash_final(&state, sum.data(), sum.size());
  return sum;
}

struct Parts {
  Bytes signature;  // 2 algorithm, 8 key id, 64 signature
  std::string comment;
  Bytes global;
};

Parts parts_of(std::string_view text, const std::string& file) {
  const auto lines = lines_of(text, file);
  if (lines.size() != 4 || !lines[0].starts_with(comment_mark) || !lines[2].starts_with(trusted_mark)) {
    throw malformed(file, "is no signature of minisign");
  }
  return {decoded(lines[1], 74, file), std::string(lines[2].substr(trusted_mark.size())), decoded(lines[3], 64, file)};
}

}  // namespace

PublicKey PublicKey::parse(std::string_view text, const std::string& file) {
  start_sodium();
  const auto lines = lines_of(text, file);
  if (lines.empty()) throw malformed(file, "is empty");
  const Bytes bytes = decoded(lines.back(), 2 + id_size + 32, file);
  if (bytes[0] != 'E' || bytes[1] != 'd') throw malformed(file, "is no public key of minisign");
  PublicKey key;
  copy(key.id, bytes, 2);
  copy(key.key, bytes, 2 + id_size);
  return key;
}

std::string PublicKey::text() const {
  Bytes bytes{'E', 'd'};
  bytes.insert(bytes.end(), id.begin(), id.end());
  bytes.insert(bytes.end(), key.begin(), key.end());
  return encoded(bytes);
}

std::string PublicKey::id_text() const { return hexadecimal_id(id); }

SecretKey::~SecretKey() { sodium_memzero(key_.data(), key_.size()); }

SecretKey SecretKey::generate() {
  start_sodium();
  SecretKey key;
  std::array<unsigned char, 32> ignored{};
  crypto_sign_keypair(ignored.data(), key.key_.data());
  randombytes_buf(key.id_.data(), key.id_.size());
  return key;
}

SecretKey SecretKey::parse(std::string_view text, std::string_view password, const std::string& file) {
  start_sodium();
  const auto lines = lines_of(text, file);
  if (lines.size() != 2) throw malformed(file, "is no secret key of minisign");
  Bytes bytes = decoded(lines[1], sealed_at + sealed_size, file);
  const bool encrypted = bytes[2] == 'S' && bytes[3] == 'c';
  const bool plain = bytes[2] == 0 && bytes[3] == 0;
  if (bytes[0] != 'E' || bytes[1] != 'd' || (!encrypted && !plain) || bytes[4] != 'B' || bytes[5] != '2') {
    throw malformed(file, "is no secret key of minisign");
  }
  if (encrypted && password.empty()) {
    throw Error(Code::denied, "the secret key '" + file + "' needs its password", "give it on standard input").with("file", file);
  }
  if (encrypted) apply_password(bytes, password, file);
  const auto sum = checksum_of(bytes);
  const bool right = sodium_memcmp(sum.data(), bytes.data() + sealed_at + id_size + 64, check_size) == 0;
  if (!right && encrypted) throw Error(Code::denied, "the password does not open the secret key '" + file + "'").with("file", file);
  // minisign leaves the checksum of a key without password empty.
  const bool unsummed = std::all_of(bytes.end() - static_cast<std::ptrdiff_t>(check_size), bytes.end(), [](unsigned char byte) { return byte == 0; });
  if (!right && !unsummed) throw malformed(file, "is damaged");
  SecretKey key;
  copy(key.id_, bytes, sealed_at);
  copy(key.key_, bytes, sealed_at + id_size);
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

std::string SecretKey::text(std::string_view password) const {
  Bytes bytes(sealed_at + sealed_size);
  const bool encrypted = !password.empty();
  std::memcpy(bytes.data(), encrypted ? "EdScB2" : "Ed\0\0B2", 6);
  std::copy(id_.begin(), id_.end(), bytes.begin() + sealed_at);
  std::copy(key_.begin(), key_.end(), bytes.begin() + sealed_at + id_size);
  const auto sum = checksum_of(bytes);
  std::copy(sum.begin(), sum.end(), bytes.begin() + sealed_at + id_size + 64);
  if (encrypted) {
    randombytes_buf(bytes.data() + 6, 32);
    put_little_endian(bytes, 38, crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_INTERACTIVE);
    put_little_endian(bytes, 46, crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_INTERACTIVE);
    apply_password(bytes, password, "secret key");
  }
  std::string text = std::string(comment_mark) + (encrypted ? "minisign encrypted secret key\n" : "minisign secret key\n") + encoded(bytes) + "\n";
  sodium_memzero(bytes.data(), bytes.size());
  return text;
}

PublicKey SecretKey::public_key() const {
  PublicKey key;
  key.id = id_;
  std::copy(key_.begin() + 32, key_.end(), key.key.begin());
  return key;
}

std::string SecretKey::sign(std::string_view content, const std::string& comment) const {
  if (comment.find_first_of("\r\n") != std::string::npos) throw Error(Code::invalid, "the comment of a signature has one line");
  const auto digest = digest_of(content);
  Bytes bytes{'E', 'D'};
  bytes.insert(bytes.end(), id_.begin(), id_.end());
  bytes.resize(bytes.size() + 64);
  unsigned char* signature = bytes.data() + 2 + id_size;
  crypto_sign_detached(signature, nullptr, digest.data(), digest.size(), key_.data());
  Bytes both(signature, signature + 64);
  both.insert(both.end(), comment.begin(), comment.end());
  std::array<unsigned char, 64> global{};
  crypto_sign_detached(global.data(), nullptr, both.data(), both.size(), key_.data());
  return std::string(comment_mark) + "signature from mortise secret key\n" + encoded(bytes) + "\n" + std::string(trusted_mark) + comment + "\n" +
         encoded(global) + "\n";
}

Signature Signature::verify(std::string_view text, std::string_view content, const PublicKey& key, const std::string& file) {
  start_sodium();
  const Parts parts = parts_of(text, file);
  const auto denied = [&](const std::string& what) {
    return Error(Code::denied, what, "do not use it; get it again from its publisher").with("file", file).with("key_id", key.id_text());
  };
  const bool hashed = parts.signature[0] == 'E' && parts.signature[1] == 'D';
  if (!hashed && !(parts.signature[0] == 'E' && parts.signature[1] == 'd')) throw malformed(file, "is signed in a way that is not known here");
  if (!std::equal(key.id.begin(), key.id.end(), parts.signature.begin() + 2)) {
    throw denied("signed with key " + claimed_key_id(text, file) + ", not with " + key.id_text());
  }
  const unsigned char* signature = parts.signature.data() + 2 + id_size;
  const auto digest = digest_of(content);
  const auto* message = hashed ? digest.data() : reinterpret_cast<const unsigned char*>(content.data());
  const std::size_t size = hashed ? digest.size() : content.size();
  if (crypto_sign_verify_detached(signature, message, size, key.key.data()) != 0) throw denied("the content is not what key " + key.id_text() + " signed");
  Bytes both(signature, signature + 64);
  both.insert(both.end(), parts.comment.begin(), parts.comment.end());
  if (crypto_sign_verify_detached(parts.global.data(), both.data(), both.size(), key.key.data()) != 0) {
    throw denied("the comment of the signature is not what key " + key.id_text() + " signed");
  }
  return {key.id_text(), parts.comment};
}

std::string Signature::claimed_key_id(std::string_view text, const std::string& file) {
  start_sodium();
  const Parts parts = parts_of(text, file);
  return hexadecimal_id(std::span(parts.signature).subspan(2, id_size));
}

}  // namespace mortise::package
