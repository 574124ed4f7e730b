#include "plugin/shape.h"

#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <vector>

#include "plugin/config_check.h"

namespace mortise::plugin {
namespace {

struct Word {
  std::string_view name;
  bool (*fits)(const Value&);
};

template <Kind kind>
bool is_kind(const Value& value) {
  return value.is(kind);
}

constexpr std::array words{
    Word{"any", [](const Value&) { return true; }},
    Word{"value", [](const Value& v) { return !v.is_null(); }},
    Word{"number", [](const Value& v) { return v.is_number(); }},
    Word{"data",
         [](const Value& v) { return v.is(Kind::table) || v.is(Kind::tensor) || v.is(Kind::list) || v.is(Kind::map); }},
    Word{"null", is_kind<Kind::null>},
    Word{"bool", is_kind<Kind::boolean>},
    Word{"int", is_kind<Kind::int64>},
    Word{"string", is_kind<Kind::string>},
    Word{"bytes", is_kind<Kind::bytes>},
    Word{"time", is_kind<Kind::time>},
    Word{"list", is_kind<Kind::list>},
    Word{"map", is_kind<Kind::map>},
    Word{"tensor", is_kind<Kind::tensor>},
    Word{"table", is_kind<Kind::table>},
};

struct Mismatch {
  std::string path, expected, got;
  int depth = 0;
};
using Verdict = std::optional<Mismatch>;

// Reads the text once from left to right and holds the value against it on the way. Where the value does not reach (an
// absent key, the other alternative), `value` is null and the text is only read.
class Matcher {
 public:
  explicit Matcher(std::string_view text) : text_(text) {}

  Verdict whole(const Value* value, const std::string& path) {
    Verdict verdict = shape(value, path, 0);
    if (peek() != '\0') broken();
    return verdict;
  }

 private:
  Verdict shape(const Value* value, const std::string& path, int depth) {
    const std::size_t begin = skip_blanks();
    Verdict worst;
    bool fits = false;
    for (;;) {
      Verdict verdict = alternative(fits ? nullptr : value, path, depth);
      if (!verdict) fits = true;
      if (verdict && (!worst || verdict->depth > worst->depth)) worst = std::move(verdict);
      if (peek() != '|') break;
      ++at_;
    }
    if (fits || value == nullptr) return std::nullopt;
    if (worst->depth == depth && worst->path == path) worst->expected = trimmed(text_.substr(begin, at_ - begin));
    return worst;
  }

  Verdict alternative(const Value* value, const std::string& path, int depth) {
    const std::size_t begin = skip_blanks();
    switch (peek()) {
      case '[': return list(value, path, depth);
      case '{': return map(value, path, depth);
      default: break;
    }
    const std::string_view name = identifier();
    for (const Word& word : words) {
      if (word.name != name) continue;
      if (value == nullptr || word.fits(*value)) return std::nullopt;
      return mismatch(path, begin, *value, depth);
    }
    broken();
  }

  Verdict list(const Value* value, const std::string& path, int depth) {
    const std::size_t begin = at_++;
    const std::size_t item = at_;
    Verdict verdict;
    if (value != nullptr && value->is(Kind::list)) {
      std::size_t index = 0;
      for (const Value& each : value->items()) {
        at_ = item;
        verdict = shape(&each, path + "[" + std::to_string(index++) + "]", depth + 1);
        if (verdict) break;
      }
    }
    at_ = item;
    shape(nullptr, path, depth + 1);
    expect(']');
    if (value != nullptr && !value->is(Kind::list)) return mismatch(path, begin, *value, depth);
    return verdict;
  }

  Verdict map(const Value* value, const std::string& path, int depth) {
    const std::size_t begin = at_++;
    const Value* members = value != nullptr && value->is(Kind::map) ? value : nullptr;
    Verdict verdict;
    std::vector<std::string_view> named;
    bool open = false;
    while (peek() != '}') {
      if (text_.substr(at_).starts_with("...")) {
        at_ += 3;
        open = true;
      } else if (peek() == '*') {
        ++at_;
        open = true;
        keep(verdict, every_member(members, path, depth));
      } else {
        keep(verdict, field(members, named, path, depth));
      }
      if (peek() == ',') ++at_;
      else if (peek() != '}') broken();
    }
    expect('}');
    if (value != nullptr && members == nullptr) return mismatch(path, begin, *value, depth);
    if (!verdict && members != nullptr && !open) verdict = unknown_key(*members, named, path, depth);
    return verdict;
  }

  Verdict field(const Value* members, std::vector<std::string_view>& named, const std::string& path, int depth) {
    const std::string_view key = identifier();
    named.push_back(key);
    const bool optional = peek() == '?';
    if (optional) ++at_;
    expect(':');
    const Value* member = members != nullptr ? members->find(key) : nullptr;
    const bool absent = member == nullptr || (optional && member->is_null());
    const std::size_t begin = skip_blanks();
    Verdict verdict = shape(absent ? nullptr : member, schema::join(path, key), depth + 1);
    if (members != nullptr && absent && !optional) {
      return Mismatch{schema::join(path, key), trimmed(text_.substr(begin, at_ - begin)), "nothing", depth + 1};
    }
    return verdict;
  }

  Verdict every_member(const Value* members, const std::string& path, int depth) {
    expect(':');
    const std::size_t begin = at_;
    Verdict verdict;
    if (members != nullptr) {
      for (const Member& member : members->members()) {
        at_ = begin;
        verdict = shape(&member.value(), schema::join(path, member.key()), depth + 1);
        if (verdict) break;
      }
    }
    at_ = begin;
    shape(nullptr, path, depth + 1);
    return verdict;
  }

  static Verdict unknown_key(const Value& members, const std::vector<std::string_view>& named, const std::string& path,
                             int depth) {
    for (const Member& member : members.members()) {
      bool known = false;
      for (const std::string_view name : named) known = known || name == member.key();
      if (known) continue;
      std::string names;
      for (const std::string_view name : named) names.append(names.empty() ? "" : ", ").append(name);
      return Mismatch{schema::join(path, member.key()), "no key but " + names, schema::shown(member.value()), depth + 1};
    }
    return std::nullopt;
  }

  // ---- the text ----

  std::size_t skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_;
  }
  char peek() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void expect(char c) {
    if (peek() != c) broken();
    ++at_;
  }
  std::string_view identifier() {
    const std::size_t begin = skip_blanks();
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) ++at_;
    if (at_ == begin) broken();
    return text_.substr(begin, at_ - begin);
  }
  [[noreturn]] void broken() const {
    throw Error(Code::internal, "a shape that cannot be read at character " + std::to_string(at_) + ": " + std::string(text_));
  }
  [[nodiscard]] Mismatch mismatch(const std::string& path, std::size_t begin, const Value& got, int depth) const {
    return {path, trimmed(text_.substr(begin, at_ - begin)), schema::shown(got), depth};
  }
  static std::string trimmed(std::string_view text) {
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return std::string(text);
  }
  static void keep(Verdict& first, Verdict next) {
    if (!first) first = std::move(next);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

void check_shape(std::string_view shape, const Value& value, std::string_view where) {
  const Verdict verdict = Matcher(shape).whole(&value, std::string(where));
  if (verdict) throw schema::wrong(verdict->path, verdict->expected, verdict->got);
}

bool is_shape(std::string_view text) noexcept {
  try {
    Matcher(text).whole(nullptr, {});
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace mortise::plugin
