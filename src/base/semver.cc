#include "base/semver.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace mortise {
namespace {

constexpr std::size_t longest_text = 256;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_identifier(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool is_numeric(std::string_view text) noexcept { return std::all_of(text.begin(), text.end(), is_digit); }

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(Code::invalid, "not a version: '" + std::string(text.substr(0, longest_text)) + "': " + why,
              "write it as MAJOR.MINOR.PATCH, for example 1.4.0 or 2.0.0-rc.1")
      .with("expected", "MAJOR.MINOR.PATCH")
      .with("got", std::string(text.substr(0, longest_text)));
}

// Reads the pieces of one version from `rest`, which it shortens.
class Reader {
 public:
  Reader(std::string_view whole, std::string_view rest) : whole_(whole), rest_(rest) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  bool take(char wanted) noexcept {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // "x", "X" or "*".
  bool take_wildcard() noexcept { return take('x') || take('X') || take('*'); }

  std::uint64_t number() {
    std::size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length])) ++length;
    if (length == 0) refuse(whole_, "a number is missing");
    if (length > 1 && rest_.front() == '0') refuse(whole_, "a number begins with 0");
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + length, value);
    if (problem != std::errc{}) refuse(whole_, "a number is larger than 18446744073709551615");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  // Dot-separated identifiers. Numeric ones of a pre-release have no leading zeros.
  std::vector<std::string> identifiers(bool leading_zeros_allowed) {
    std::vector<std::string> found;
    do {
      std::size_t length = 0;
      while (length < rest_.size() && is_identifier(rest_[length])) ++length;
      const std::string_view one = rest_.substr(0, length);
      if (one.empty()) refuse(whole_, "an identifier is empty or has a character other than 0-9 A-Z a-z -");
      if (!leading_zeros_allowed && one.size() > 1 && one.front() == '0' && is_numeric(one)) {
        refuse(whole_, "a number begins with 0");
      }
      found.emplace_back(one);
      rest_.remove_prefix(length);
    } while (take('.'));
    return found;
  }

  void suffixes(Version& version) {
    if (take('-')) version.prerelease = identifiers(false);
    if (take('+')) {
      for (const std::string& one : identifiers(true)) version.build += (version.build.empty() ? "" : ".") + one;
    }
    if (!at_end()) refuse(whole_, "unexpected '" + std::string(rest_.substr(0, 16)) + "'");
  }

 private:
  std::string_view whole_;
  std::string_view rest_;
};

// Numeric identifiers compare as numbers and come before words. They may be longer than any integer type.
std::weak_ordering compare_identifiers(std::string_view a, std::string_view b) noexcept {
  const bool a_number = is_numeric(a);
  const bool b_number = is_numeric(b);
  if (a_number != b_number) return a_number ? std::weak_ordering::less : std::weak_ordering::greater;
  if (a_number && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

}  // namespace

Version Version::parse(std::string_view text, Form form) {
  if (text.size() > longest_text) refuse(text, "longer than 256 characters");
  std::string_view rest = text;
  const bool loose = form == Form::loose;
  if (loose && !rest.empty() && (rest.front() == 'v' || rest.front() == 'V')) rest.remove_prefix(1);
  Reader reader(text, rest);
  Version version;
  version.major = reader.number();
  if (reader.take('.')) {
    version.minor = reader.number();
    if (reader.take('.')) {
      version.patch = reader.number();
    } else if (!loose) {
      refuse(text, "the patch number is missing");
    }
  } else if (!loose) {
    refuse(text, "the minor number is missing");
  }
  reader.suffixes(version);
  return version;
}

std::optional<Version> Version::try_parse(std::string_view text, Form form) {
  try {
    return parse(text, form);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string Version::text() const {
  std::string text = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  for (std::size_t i = 0; i < prerelease.size(); ++i) text += (i == 0 ? "-" : ".") + prerelease[i];
  if (!build.empty()) text += "+" + build;
  return text;
}

std::weak_ordering operator<=>(const Version& a, const Version& b) noexcept {
  if (const auto order = a.major <=> b.major; std::is_neq(order)) return order;
  if (const auto order = a.minor <=> b.minor; std::is_neq(order)) return order;
  if (const auto order = a.patch <=> b.patch; std::is_neq(order)) return order;
  if (a.prerelease.empty() || b.prerelease.empty()) return a.prerelease.empty() <=> b.prerelease.empty();
  const std::size_t common = std::min(a.prerelease.size(), b.prerelease.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (const auto order = compare_identifiers(a.prerelease[i], b.prerelease[i]); std::is_neq(order)) return order;
  }
  return a.prerelease.size() <=> b.prerelease.size();
}

// ---- ranges ----------------------------------------------------------------------------------------------------------

struct Range::Parser {
  // A version of which the tail may be missing or a wildcard.
  struct Partial {
    Version version;
    int numbers = 0;  // 0 to 3 given
  };

  static constexpr std::string_view blanks = " \t\r\n,";

  std::string_view text;
  std::string_view rest;

  void skip_blanks() noexcept {
    const std::size_t next = rest.find_first_not_of(blanks);
    rest.remove_prefix(next == std::string_view::npos ? rest.size() : next);
  }

  std::string_view word() noexcept {
    skip_blanks();
    const std::string_view found = rest.substr(0, rest.find_first_of(blanks));
    rest.remove_prefix(found.size());
    return found;
  }

  static Partial partial(std::string_view word) {
    std::string_view body = word;
    if (!body.empty() && (body.front() == 'v' || body.front() == 'V')) body.remove_prefix(1);
    Reader reader(word, body);
    Partial found;
    std::uint64_t* const numbers[] = {&found.version.major, &found.version.minor, &found.version.patch};
    bool wild = false;
    for (int i = 0; i < 3; ++i) {
      if (i > 0 && !reader.take('.')) break;
      if (reader.take_wildcard()) {
        wild = true;
      } else if (wild) {
        refuse(word, "a number follows a wildcard");
      } else {
        *numbers[i] = reader.number();
        ++found.numbers;
      }
    }
    reader.suffixes(found.version);
    if (found.numbers < 3 && !found.version.prerelease.empty()) {
      refuse(word, "a pre-release needs all three numbers");
    }
    return found;
  }

  // The first version beyond all that share the first `kept` numbers; its pre-releases are beyond too.
  Version after(const Version& version, int kept) const {
    Version next;
    next.major = version.major;
    if (kept >= 2) next.minor = version.minor;
    if (kept >= 3) next.patch = version.patch;
    std::uint64_t& last = kept == 1 ? next.major : kept == 2 ? next.minor : next.patch;
    if (++last == 0) refuse(text, "no version comes after it");
    next.prerelease = {"0"};
    return next;
  }

  static void bound(All& bounds, Comparison comparison, const Version& version) {
    bounds.push_back({comparison, version, !version.prerelease.empty()});
  }
  void from_until_after(All& bounds, const Version& from, int kept) const {
    bound(bounds, Comparison::greater_equal, from);
    bounds.push_back({Comparison::less, after(from, kept)});
  }

  void add_caret(All& bounds, const Partial& p) const {
    if (p.numbers == 0) return;
    int kept = 1;
    if (p.version.major == 0 && p.numbers > 1) kept = p.version.minor == 0 && p.numbers > 2 ? 3 : 2;
    from_until_after(bounds, p.version, kept);
  }

  void add_tilde(All& bounds, const Partial& p, int kept) const {
    if (p.numbers == 0) return;
    from_until_after(bounds, p.version, kept);
  }

  void add_equal(All& bounds, const Partial& p) const {
    if (p.numbers == 0) return;
    if (p.numbers == 3) {
      bound(bounds, Comparison::equal, p.version);
    } else {
      from_until_after(bounds, p.version, p.numbers);
    }
  }

  void add_comparison(All& bounds, std::string_view sign, const Partial& p) const {
    if (p.numbers == 0 && sign != ">=" && sign != "<=") refuse(text, std::string(sign) + "* matches nothing");
    if (p.numbers == 0) return;
    if (sign == "!=") {
      if (p.numbers < 3) refuse(text, "!= needs all three numbers");
      bound(bounds, Comparison::not_equal, p.version);
    } else if (sign == ">" && p.numbers < 3) {
      bounds.push_back({Comparison::greater_equal, after(p.version, p.numbers)});
    } else if (sign == "<=" && p.numbers < 3) {
      bounds.push_back({Comparison::less, after(p.version, p.numbers)});
    } else if (sign == ">" || sign == ">=") {
      bound(bounds, sign == ">" ? Comparison::greater : Comparison::greater_equal, p.version);
    } else {
      bound(bounds, sign == "<" ? Comparison::less : Comparison::less_equal, p.version);
    }
  }

  void add(All& bounds, std::string_view sign, const Partial& p) const {
    if (sign == "^") return add_caret(bounds, p);
    if (sign == "~" || sign == "~>") return add_tilde(bounds, p, std::min(2, p.numbers));
    if (sign == "~=") return add_tilde(bounds, p, std::max(1, p.numbers - 1));
    if (sign.empty() || sign == "=" || sign == "==") return add_equal(bounds, p);
    if (sign == ">" || sign == ">=" || sign == "<" || sign == "<=" || sign == "!=")
      return add_comparison(bounds, sign, p);
    refuse(text, "unknown sign '" + std::string(sign) + "'");
  }

  All all(std::string_view part) {
    rest = part;
    All bounds;
    for (std::string_view one = word(); !one.empty(); one = word()) {
      const std::size_t sign_length = std::min(one.find_first_not_of("<>=!^~"), one.size());
      const std::string_view sign = one.substr(0, sign_length);
      one.remove_prefix(sign_length);
      if (one.empty()) one = word();  // a blank after the sign
      if (one.empty()) refuse(text, "a version is missing after '" + std::string(sign) + "'");
      const Partial from = partial(one);
      skip_blanks();
      if (sign.empty() && rest.substr(0, 2) == "- ") {
        rest.remove_prefix(1);
        add_comparison(bounds, ">=", from);
        add_comparison(bounds, "<=", partial(word()));
      } else {
        add(bounds, sign, from);
      }
    }
    return bounds;
  }
};

Range Range::parse(std::string_view text) {
  if (text.size() > longest_text) refuse(text, "longer than 256 characters");
  Parser parser{text, text};
  Range range;
  range.text_ = text;
  for (std::string_view left = text;;) {
    const std::size_t bar = left.find("||");
    range.any_.push_back(parser.all(left.substr(0, bar)));
    if (bar == std::string_view::npos) return range;
    left.remove_prefix(bar + 2);
  }
}

bool Range::holds(const Bound& bound, const Version& version) noexcept {
  const auto order = version <=> bound.version;
  switch (bound.comparison) {
    case Comparison::less: return std::is_lt(order);
    case Comparison::less_equal: return std::is_lteq(order);
    case Comparison::equal: return std::is_eq(order);
    case Comparison::not_equal: return std::is_neq(order);
    case Comparison::greater_equal: return std::is_gteq(order);
    case Comparison::greater: return std::is_gt(order);
  }
  return false;
}

bool Range::holds(const All& bounds, const Version& version) noexcept {
  const bool inside = std::all_of(bounds.begin(), bounds.end(), [&](const Bound& b) { return holds(b, version); });
  if (!inside || version.prerelease.empty()) return inside;
  return std::any_of(bounds.begin(), bounds.end(), [&](const Bound& b) {
    return b.admits_prereleases && b.version.major == version.major && b.version.minor == version.minor &&
           b.version.patch == version.patch;
  });
}

bool Range::contains(const Version& version) const noexcept {
  if (any_.empty()) return version.prerelease.empty();
  return std::any_of(any_.begin(), any_.end(), [&](const All& bounds) { return holds(bounds, version); });
}

}  // namespace mortise
