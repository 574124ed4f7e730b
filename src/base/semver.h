// Semantic Versioning 2.0.0: versions, their precedence, and ranges of them.
//
// Version orders by precedence: build metadata takes no part, so 1.0.0+a and 1.0.0+b compare equal (the text keeps them
// apart). Range is the common tongue of npm, Cargo and pip for the parts that they share:
//
//   1.2.3  =1.2.3  ==1.2.3     exactly (an incomplete one means all that it covers: 1.2 is any 1.2.x)
//   >1.2  >=1.2  <2  <=2  !=1.5    comparisons
//   ^1.2.3                     no change of the leftmost number that is not 0
//   ~1.2.3  ~=1.2.3            patches only (~1.2 too; ~1 allows minors); ~=1.2 as in pip allows minors
//   1.x  1.2.*  *  (empty)     anything there
//   1.2 - 2.3                  from, to, both included
//   a b   a, b                 both;   a || b   either
//
// A pre-release matches only where a comparison of the same numbers names a pre-release: ^1.2.3-rc.1 takes 1.2.3-rc.2 but
// not 1.3.0-rc.1, so that nobody gets an unfinished version unasked.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise {

struct Version {
  enum class Form {
    strict,  // SemVer 2.0.0 to the letter
    loose,   // also "v1.2.3", "1.2" and "1", as authors write them
  };

  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::vector<std::string> prerelease;  // "rc", "1"
  std::string build;                    // "linux.7"

  // Throws Error{invalid} that names the text and what is wrong with it.
  [[nodiscard]] static Version parse(std::string_view text, Form form = Form::strict);
  [[nodiscard]] static std::optional<Version> try_parse(std::string_view text, Form form = Form::strict);

  [[nodiscard]] std::string text() const;

  friend std::weak_ordering operator<=>(const Version& a, const Version& b) noexcept;
  friend bool operator==(const Version& a, const Version& b) noexcept { return std::is_eq(a <=> b); }
};

class Range {
 public:
  Range() = default;  // any version

  // Throws Error{invalid}.
  [[nodiscard]] static Range parse(std::string_view text);

  [[nodiscard]] bool contains(const Version& version) const noexcept;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  enum class Comparison { less, less_equal, equal, not_equal, greater_equal, greater };
  struct Bound {
    Comparison comparison;
    Version version;
    bool admits_prereleases = false;  // of the same numbers, because the author named one
  };
  using All = std::vector<Bound>;  // every bound must hold
  struct Parser;
  static bool holds(const Bound& bound, const Version& version) noexcept;
  static bool holds(const All& bounds, const Version& version) noexcept;

  std::string text_;
  std::vector<All> any_;  // one of them must hold; none: any version
};

}  // namespace mortise
