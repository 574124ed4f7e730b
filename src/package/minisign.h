// Signatures in the format of minisign: Ed25519 over the BLAKE2b-512 of a file, with a comment that is signed too.
//
// Keys and signatures are the text files that the program `minisign` reads and writes, so a publisher needs nothing of ours.
// Read are both of its signature kinds (ED, the present one, and Ed, over the file itself) and secret keys with and without a
// password. https://jedisct1.github.io/minisign/ describes the format.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::package {

struct PublicKey {
  std::array<unsigned char, 8> id{};
  std::array<unsigned char, 32> key{};

  // The text of a .pub file, or its second line alone. Throws Error{invalid}.
  [[nodiscard]] static PublicKey parse(std::string_view text, const std::string& file = "public key");
  [[nodiscard]] std::string text() const;      // the second line: what people pass on
  [[nodiscard]] std::string id_text() const;   // as minisign shows it: 16 hexadecimal digits
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

class SecretKey {
 public:
  // Throws Error{invalid}; Error{denied} when the password is wrong or one is needed and none was given. Slow with one.
  [[nodiscard]] static SecretKey parse(std::string_view text, std::string_view password = {}, const std::string& file = "secret key");
  [[nodiscard]] static SecretKey generate();
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();  // wipes it

  [[nodiscard]] std::string text(std::string_view password = {}) const;  // of a .key file. Slow with a password
  [[nodiscard]] PublicKey public_key() const;
  // The text of a .minisig file for `content`. The comment has one line.
  [[nodiscard]] std::string sign(std::string_view content, const std::string& comment) const;

 private:
  SecretKey() = default;
  std::array<unsigned char, 8> id_{};
  std::array<unsigned char, 64> key_{};
};

struct Signature {
  std::string key_id;   // of who says to have signed it
  std::string comment;  // signed too, once verified

  // Reads a .minisig text and verifies it. Throws Error{invalid} when it is no signature, Error{denied} when it is not this key's,
  // or the content or the comment was changed.
  [[nodiscard]] static Signature verify(std::string_view text, std::string_view content, const PublicKey& key,
                                        const std::string& file = "signature");
  // Who says to have signed it; nothing is verified.
  [[nodiscard]] static std::string claimed_key_id(std::string_view text, const std::string& file = "signature");
};

}  // namespace mortise::package
