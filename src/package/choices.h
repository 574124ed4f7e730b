// Choices: a set of what may become of one package: absent, or one of its known versions.
//
// What a resolver knows about a package is always such a set, and so is what a rule says about it; "does this hold" is then a
// question of subsets, and no arithmetic on ranges is needed. Position 0 is "absent", position 1 the oldest version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mortise::package {

class Choices {
 public:
  enum class Content : bool { nothing, everything };
  Choices() = default;
  Choices(std::size_t versions, Content content) : size_(versions + 1), words_((size_ + 63) / 64) {
    if (content == Content::nothing) return;
    for (std::size_t i = 0; i < size_; ++i) add(i);
  }

  void add(std::size_t position) { words_[position / 64] |= std::uint64_t{1} << (position % 64); }
  [[nodiscard]] bool has(std::size_t position) const { return (words_[position / 64] >> (position % 64) & 1U) != 0; }
  [[nodiscard]] bool may_be_absent() const { return has(0); }
  [[nodiscard]] std::size_t positions() const noexcept { return size_; }

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool within(const Choices& other) const;
  [[nodiscard]] bool meets(const Choices& other) const;  // something is in both
  [[nodiscard]] Choices intersected(const Choices& other) const;
  [[nodiscard]] Choices inverted() const;

  friend bool operator==(const Choices&, const Choices&) = default;

 private:
  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace mortise::package
