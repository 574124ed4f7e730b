// YAML by yaml-cpp's event interface. Its own node tree is set aside: it resolves aliases without a limit, keeps duplicate
// keys, and types by YAML 1.1. The parser recurses, but reports every level before it goes down, so that the Builder stops
// it at 128. It also looks ahead without limit where a bracket may turn out to be part of a key, at 230 bytes of memory for
// each byte of text, hence LookAhead. What it lets pass although YAML does not (an unclosed quote at the end, a key without
// colon, a tab as indentation) is found here.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>
#include <unordered_map>

#include "base/config_scalar.h"
#include "base/config_store.h"
#include "base/config_text.h"

namespace mortise {
namespace {

using config::Builder;
using config::Place;
using config::shown_character;
using config::Text;

constexpr std::size_t longest_look_ahead = 512U << 10U;  // so also the longest scalar

// yaml-cpp counts columns in bytes, we in characters. Marks mostly rise, so the count goes on from the last one.
class Places {
 public:
  explicit Places(const Text& text) : text_(text) {}

  Place of(const YAML::Mark& mark) {
    if (mark.is_null()) return {};
    const auto line = static_cast<std::uint32_t>(mark.line + 1);
    const auto column = static_cast<std::size_t>(mark.column);
    if (line != last_.line || column < bytes_) {
      line_ = text_.line(line);
      last_ = {line, 1};
      bytes_ = 0;
    }
    for (; bytes_ < column; ++bytes_) {
      const bool continues = bytes_ < line_.size() && static_cast<unsigned char>(line_[bytes_]) >> 6U == 2;
      if (!continues) ++last_.column;
    }
    return last_;
  }

 private:
  const Text& text_;
  std::string_view line_;
  Place last_;
  std::size_t bytes_ = 0;  // of the line, up to last_
};

// The text as yaml-cpp reads it, never much further than the last event that it has reported.
class LookAhead : public std::streambuf {
 public:
  LookAhead(std::string_view text, const Builder& builder, const Text& places)
      : text_(text), builder_(builder), places_(places) {}

  void reported(const YAML::Mark& mark) noexcept {
    if (!mark.is_null()) reported_ = std::max(reported_, static_cast<std::size_t>(mark.pos));
  }

 protected:
  int_type underflow() override {
    constexpr std::size_t portion = 2048;
    if (read_ - std::min(read_, reported_) > longest_look_ahead) {
      throw builder_.syntax(
          places_.place_of(reported_),
          "what begins after this place is longer than " + std::to_string(longest_look_ahead) + " bytes",
          "close every [ and {; write long lists in block style (- ITEM), or as JSON");
    }
    if (read_ == text_.size()) return traits_type::eof();
    char* const begin = const_cast<char*>(text_.data()) + read_;  // the interface wants it so; nothing writes
    const std::size_t count = std::min(portion, text_.size() - read_);
    setg(begin, begin, begin + count);
    read_ += count;
    return traits_type::to_int_type(*begin);
  }

 private:
  std::string_view text_;
  const Builder& builder_;
  const Text& places_;
  std::size_t read_ = 0;
  std::size_t reported_ = 0;
};

bool same(Place a, Place b) noexcept { return a.line == b.line && a.column == b.column; }

constexpr std::string_view core_tag = "tag:yaml.org,2002:";

class Events : public YAML::EventHandler {
 public:
  Events(const Text& text, Places& places, LookAhead& input, Builder& builder)
      : text_(text), places_(places), input_(input), builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    const Place place = place_of(mark);
    const bool marked = text_.line(place.line).substr(0, 3) == "---";
    if (marked) throw builder_.syntax(place, "a second document begins here", "one file holds one document; split it");
    throw builder_.syntax(place, "the document ended before this line", "check the indentation of this line");
  }
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& /*mark*/, const std::string& /*name*/) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = place_of(mark);
    if (builder_.expects_key()) throw builder_.problem(place, "a key is null", "write the key's name");
    if (in_map() && same(place, builder_.pending_key_place())) require_colon(place);
    name(anchor, builder_.scalar({}, {}, place, true));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const Place place = place_of(mark);
    last_scalar_ = place;
    if (builder_.expects_key()) {
      require_tag(tag, {"str"}, place);
      key(text, tag, place);
      if (anchor != 0) throw builder_.problem(place, "a key has an anchor", "put the anchor before a value");
      return;
    }
    const bool unquoted = tag == "?";
    const config::Scalar value = typed(text, tag, place);
    name(anchor, builder_.scalar(value, text, place, unquoted));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = place_of(mark);
    if (builder_.expects_key()) throw builder_.problem(place, "a key is an alias", "write the key itself");
    const auto source = anchors_.find(anchor);
    if (source == anchors_.end()) throw builder_.problem(place, "the alias has no anchor before it");
    if (builder_.is_open(source->second))
      throw builder_.problem(place, "the alias stands for a value that contains it");
    builder_.copy(source->second, place);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    begin(mark, tag, anchor, "seq");
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    begin(mark, tag, anchor, "map");
    merging_.emplace_back(false);
  }
  void OnSequenceEnd() override { builder_.end(); }
  void OnMapEnd() override {
    if (merging_.back()) merge();
    merging_.pop_back();
    builder_.end();
  }

  // Call after the last event.
  void require_closed_quote() const {
    if (last_scalar_.line == 0) return;
    const std::string_view rest = text_.from(last_scalar_);
    if (rest.empty() || rest.front() != '"') return;
    for (std::size_t at = 1; at < rest.size(); ++at) {
      if (rest[at] == '"') return;
      if (rest[at] == '\\') ++at;
    }
    throw builder_.syntax(last_scalar_, "the quoted text that begins here is never closed", "close it with \"");
  }

 private:
  Place place_of(const YAML::Mark& mark) {
    input_.reported(mark);
    return places_.of(mark);
  }

  [[nodiscard]] bool in_map() const {
    return builder_.innermost() != config::nobody && builder_.entry(builder_.innermost()).value.kind == Node::Kind::map;
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, std::string_view own_tag) {
    const Place place = place_of(mark);
    if (builder_.expects_key()) {
      throw builder_.problem(place, "a list or a map stands where a key should",
                             "close every [ and {; quote a text that begins with one");
    }
    require_tag(tag, {own_tag}, place);
    name(anchor, own_tag == "seq" ? builder_.begin_list(place) : builder_.begin_map(place));
  }

  void name(YAML::anchor_t anchor, std::uint32_t index) {
    if (anchor != 0) anchors_[anchor] = index;
  }

  // "?" and "!" are what yaml-cpp calls unquoted and quoted values without a tag.
  void require_tag(const std::string& tag, std::initializer_list<std::string_view> allowed, Place place) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    for (const std::string_view one : allowed) {
      if (tag == std::string(core_tag) + std::string(one)) return;
    }
    throw builder_.problem(place, "the tag '" + tag + "' is not known here", "leave the tag out")
        .with("expected", "no tag")
        .with("got", tag);
  }

  void key(const std::string& text, const std::string& tag, Place place) {
    const bool is_merge = text == "<<" && tag == "?";
    if (is_merge) merging_.back() = true;
    builder_.key(text, place);
  }

  [[nodiscard]] config::Scalar typed(const std::string& text, const std::string& tag, Place place) const {
    require_tag(tag, {"str", "int", "float", "bool", "null"}, place);
    const std::string_view wanted = std::string_view(tag).substr(std::min(tag.size(), core_tag.size()));
    if (tag == "!" || wanted == "str") return config::string_scalar();
    config::Scalar value;
    try {
      value = config::typed_scalar(text);
    } catch (const Error& error) {
      Error placed = builder_.problem(place, error.what(), error.hint());
      for (const auto& [name, detail] : error.details()) placed.with(name, detail);
      throw Error(placed);
    }
    if (wanted == "float" && value.kind == Node::Kind::integer) {
      return {Node::Kind::number, false, 0, static_cast<double>(value.integer)};
    }
    const bool fits = wanted.empty() || (wanted == "int" && value.kind == Node::Kind::integer) ||
                      (wanted == "float" && value.kind == Node::Kind::number) ||
                      (wanted == "bool" && value.kind == Node::Kind::boolean) ||
                      (wanted == "null" && value.kind == Node::Kind::null);
    if (fits) return value;
    throw builder_.problem(place, "the tag !!" + std::string(wanted) + " does not fit \"" + text + "\"")
        .with("expected", std::string(wanted))
        .with("got", text);
  }

  // yaml-cpp takes a line without colon at the end of a map for a key without value.
  void require_colon(Place key_place) const {
    const std::string_view line = text_.line(key_place.line);
    const bool has_colon = line.find(':') != std::string_view::npos;
    const bool is_explicit = line.find('?') != std::string_view::npos;
    if (has_colon || is_explicit) return;
    throw builder_.syntax(key_place, "a ':' is missing after '" + builder_.pending_key() + "'",
                          "write it as KEY: VALUE");
  }

  // The value of `<<` gives its members to the map; those that the map has itself win, then those of earlier sources.
  void merge() {
    const std::uint32_t map = builder_.innermost();
    std::uint32_t source = config::nobody;
    for (const std::uint32_t child : builder_.entry(map).children) {
      if (builder_.entry(child).key == "<<") source = child;
    }
    std::vector<std::uint32_t> sources{source};
    if (builder_.entry(source).value.kind == Node::Kind::list) sources = builder_.entry(source).children;
    for (const std::uint32_t one : sources) {
      if (builder_.entry(one).value.kind == Node::Kind::map) continue;
      throw builder_.problem(builder_.entry(one).place, "'<<' takes a map or a list of maps",
                             "name an anchor: <<: *defaults");
    }
    builder_.drop_member(source);
    for (const std::uint32_t one : sources) builder_.merge_members_of(one);
  }

  const Text& text_;
  Places& places_;
  LookAhead& input_;
  Builder& builder_;
  std::unordered_map<YAML::anchor_t, std::uint32_t> anchors_;
  std::vector<bool> merging_;  // for each open map: it has a merge key
  Place last_scalar_;
  int documents_ = 0;
};

// yaml-cpp's complaint in our words: what a person should look at.
Error explain(const YAML::Exception& problem, Place place, const Text& text, const Builder& builder) {
  const std::string_view line = text.line(place.line);
  const std::string& message = problem.msg;
  const auto open_place = [&]() -> std::string {
    return builder.innermost() == config::nobody
               ? ""
               : " of line " + std::to_string(builder.entry(builder.innermost()).place.line);
  };
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos ||
      message.find("tab") != std::string::npos) {
    return builder.syntax(place, "the line is indented with a tab", "indent with spaces only");
  }
  if (message == YAML::ErrorMsg::MAP_VALUE) {
    return builder.syntax(place, "a ':' stands where no value can begin",
                          "check the indentation and the line before; a text with ': ' in it needs quotes");
  }
  if (message == YAML::ErrorMsg::END_OF_SEQ_FLOW)
    return builder.syntax(place, "the '['" + open_place() + " is not closed", "close it with ]");
  if (message == YAML::ErrorMsg::END_OF_MAP_FLOW)
    return builder.syntax(place, "the '{'" + open_place() + " is not closed", "close it with }");
  if (message == YAML::ErrorMsg::EOF_IN_SCALAR)
    return builder.syntax(place, "a quoted text is never closed", "close the quote");
  if (message == YAML::ErrorMsg::END_OF_MAP || message == YAML::ErrorMsg::END_OF_SEQ ||
      message == YAML::ErrorMsg::BLOCK_ENTRY) {
    return builder.syntax(place, shown_character(text.from(place)) + " does not continue what the lines above began",
                          "check the indentation; a text that begins with a quote or bracket ends there");
  }
  if (message == YAML::ErrorMsg::UNKNOWN_TOKEN) {
    return builder.syntax(place, shown_character(text.from(place)) + " cannot begin a value", "put the text in quotes");
  }
  return builder.syntax(place, message);
}

void check_lines(const Text& text, const Builder& builder) {
  std::uint32_t number = 0;
  for (std::size_t start = 0; start < text.all().size();) {
    const std::size_t end = std::min(text.all().find('\n', start), text.all().size());
    const std::string_view line = text.all().substr(start, end - start);
    const std::size_t content = line.find_first_not_of(" \t\r");
    ++number;
    start = end + 1;
    if (content == std::string_view::npos) continue;
    if (line.front() == '\t' && line[content] != '#') {
      throw builder.syntax({number, 1}, "the line is indented with a tab", "indent with spaces only");
    }
  }
}

// Where the text begins with lines of `//`, a copy in which they begin with `#`: no YAML that means anything here begins so.
std::string with_opening_comments(std::string_view text) {
  std::string copy;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t content = std::min(text.find_first_not_of(" \t\r\n", start), text.size());
    const bool slashes = text.substr(content, 2) == "//";
    if (!slashes && text.substr(content, 1) != "#") break;
    if (slashes && copy.empty()) copy = text;
    if (slashes) copy.replace(content, 2, "# ");
    start = std::min(text.find('\n', content), text.size());
  }
  return copy;
}

}  // namespace

Node parse_yaml(std::string_view text, std::string file) {
  const std::string commented = with_opening_comments(text);
  if (!commented.empty()) text = commented;
  const Text source(text, file);
  Builder builder(std::move(file), "YAML");
  check_lines(source, builder);
  Places places(source);
  LookAhead input(source.all(), builder, source);
  Events events(source, places, input, builder);
  std::istream stream(&input);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const YAML::Exception& problem) {
    throw explain(problem, places.of(problem.mark), source, builder);
  }
  events.require_closed_quote();
  return builder.finish();
}

}  // namespace mortise
