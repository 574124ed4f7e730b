#include "package/choices.h"

#include <algorithm>
#include <bit>

namespace mortise::package {

std::size_t Choices::count() const {
  std::size_t sum = 0;
  for (const std::uint64_t word : words_) sum += static_cast<std::size_t>(std::popcount(word));
  return sum;
}

bool Choices::empty() const {
  return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
}

bool Choices::within(const Choices& other) const {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if ((words_[i] & ~other.words_[i]) != 0) return false;
  }
  return true;
}

bool Choices::meets(const Choices& other) const {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if ((words_[i] & other.words_[i]) != 0) return true;
  }
  return false;
}

Choices Choices::intersected(const Choices& other) const {
  Choices both = *this;
  for (std::size_t i = 0; i < words_.size(); ++i) both.words_[i] &= other.words_[i];
  return both;
}

Choices Choices::inverted() const {
  Choices rest(size_ - 1, Content::everything);
  for (std::size_t i = 0; i < words_.size(); ++i) rest.words_[i] &= ~words_[i];
  return rest;
}

}  // namespace mortise::package
