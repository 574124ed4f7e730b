// KeySet: notices a key that stands twice in one JSON object. Quick for the usual handful, and not slow for a million that
// somebody chose to be slow.
#pragma once

#include <array>
#include <cstddef>
#include <set>
#include <string_view>

namespace mortise::data {

// Borrows the keys.
class KeySet {
 public:
  // `expected` keys will be added, more or less.
  explicit KeySet(std::size_t expected) noexcept : few_only_(expected <= few) {}

  // False when it is there already.
  bool add(std::string_view key) {
    if (few_only_ && count_ < few) {
      for (std::size_t i = 0; i < count_; ++i) {
        if (keys_[i] == key) return false;
      }
      keys_[count_++] = key;
      return true;
    }
    if (few_only_) {
      many_.insert(keys_.begin(), keys_.begin() + count_);
      few_only_ = false;
    }
    return many_.insert(key).second;
  }

 private:
  static constexpr std::size_t few = 16;
  bool few_only_;
  std::size_t count_ = 0;
  std::array<std::string_view, few> keys_;
  std::set<std::string_view> many_;  // a tree: no hash that somebody could aim at
};

}  // namespace mortise::data
