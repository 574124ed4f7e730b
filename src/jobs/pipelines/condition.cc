#include "jobs/pipelines/condition.h"

#include <charconv>
#include <cmath>
#include <vector>

namespace mortise::jobs {

struct Condition::Node {
  enum class Type { literal, list, path, call, negation, conjunction, disjunction, comparison };
  Type type = Type::literal;
  Value literal;
  std::string name;            // operator, function, or first part of a path
  std::vector<Node> children;  // operands, arguments, items, or the further parts of a path
};

namespace {

using Node = Condition::Node;

constexpr int max_depth = 64;
constexpr std::size_t max_length = 4096;

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c) || c == '-'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Node parse() {
    if (text_.size() > max_length) fail("at most " + std::to_string(max_length) + " characters");
    Node node = disjunction(0);
    skip_space();
    if (at_ < text_.size()) fail("the end, an operator, 'and' or 'or'");
    return node;
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    const std::string got = at_ < text_.size() ? "'" + std::string(text_.substr(at_, 12)) + "'" : "the end";
    throw Error(Code::invalid,
                "condition '" + std::string(text_) + "', column " + std::to_string(at_ + 1) + ": expected " + expected +
                    ", got " + got,
                "a condition looks like: steps.Read.rows > 0 and mode == \"full\"")
        .with("key", "when")
        .with("column", std::to_string(at_ + 1))
        .with("expected", expected)
        .with("got", got);
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view symbol) {
    skip_space();
    if (text_.substr(at_, symbol.size()) != symbol) return false;
    const bool word = is_name_start(symbol[0]);
    const std::size_t end = at_ + symbol.size();
    if (word && end < text_.size() && is_name_part(text_[end])) return false;
    at_ = end;
    return true;
  }
  void expect(std::string_view symbol) {
    if (!take(symbol)) fail("'" + std::string(symbol) + "'");
  }
  void guard(int depth) const {
    if (depth > max_depth) fail("at most " + std::to_string(max_depth) + " levels of nesting");
  }

  Node chain(Node::Type type, std::string_view word, int depth, Node (Parser::*next)(int)) {
    guard(depth);
    Node first = (this->*next)(depth + 1);
    if (!take(word)) return first;
    Node node;
    node.type = type;
    node.children.push_back(std::move(first));
    do node.children.push_back((this->*next)(depth + 1));
    while (take(word));
    return node;
  }
  Node disjunction(int depth) { return chain(Node::Type::disjunction, "or", depth, &Parser::conjunction); }
  Node conjunction(int depth) { return chain(Node::Type::conjunction, "and", depth, &Parser::negation); }

  Node negation(int depth) {
    guard(depth);
    if (!take("not")) return comparison(depth + 1);
    Node node;
    node.type = Node::Type::negation;
    node.children.push_back(negation(depth + 1));
    return node;
  }

  Node comparison(int depth) {
    Node left = operand(depth + 1);
    for (const std::string_view symbol : {"==", "!=", "<=", ">=", "<", ">", "in"}) {
      if (!take(symbol)) continue;
      Node node;
      node.type = Node::Type::comparison;
      node.name = symbol;
      node.children.push_back(std::move(left));
      node.children.push_back(operand(depth + 1));
      return node;
    }
    return left;
  }

  Node operand(int depth) {
    guard(depth);
    skip_space();
    if (at_ >= text_.size()) fail("a value or a name");
    const char c = text_[at_];
    if (take("(")) {
      Node inner = disjunction(depth + 1);
      expect(")");
      return inner;
    }
    if (c == '[') return list(depth + 1);
    if (c == '"' || c == '\'') return literal(Value(quoted()));
    if (is_digit(c) || c == '-' || c == '.') return literal(number());
    if (take("true")) return literal(Value(true));
    if (take("false")) return literal(Value(false));
    if (take("null")) return literal(Value());
    if (is_name_start(c)) return path_or_call(depth + 1);
    fail("a value or a name");
  }

  static Node literal(Value value) {
    Node node;
    node.literal = std::move(value);
    return node;
  }

  Node list(int depth) {
    expect("[");
    Node node;
    node.type = Node::Type::list;
    if (take("]")) return node;
    do node.children.push_back(operand(depth + 1));
    while (take(","));
    expect("]");
    return node;
  }

  std::string quoted() {
    const char quote = text_[at_++];
    std::string content;
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      content.push_back(text_[at_++]);
    }
    if (at_ >= text_.size()) fail(std::string("a closing ") + quote);
    ++at_;
    return content;
  }

  Value number() {
    const char* begin = text_.data() + at_;
    const char* end = text_.data() + text_.size();
    std::int64_t whole = 0;
    const auto [whole_end, whole_error] = std::from_chars(begin, end, whole);
    double fraction = 0;
    const auto [end_of_number, error] = std::from_chars(begin, end, fraction);
    if (error != std::errc() || !std::isfinite(fraction)) fail("a number");
    at_ += static_cast<std::size_t>(end_of_number - begin);
    if (whole_error == std::errc() && whole_end == end_of_number) return Value(whole);
    return Value(fraction);
  }

  std::string name() {
    skip_space();
    if (at_ >= text_.size() || !is_name_start(text_[at_])) fail("a name");
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Node path_or_call(int depth) {
    const std::size_t begin = at_;
    Node node;
    node.name = name();
    if (take("(")) {
      at_ = begin;
      return call(depth);
    }
    node.type = Node::Type::path;
    while (true) {
      if (take(".")) {
        node.children.push_back(literal(Value(name())));
      } else if (take("[")) {
        skip_space();
        const bool text = at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'');
        node.children.push_back(literal(text ? Value(quoted()) : number()));
        expect("]");
      } else {
        return node;
      }
    }
  }

  Node call(int depth) {
    const std::size_t begin = at_;
    Node node;
    node.type = Node::Type::call;
    node.name = name();
    const bool about_run = node.name == "succeeded" || node.name == "failed" || node.name == "always";
    if (!about_run && node.name != "exists" && node.name != "len") {
      at_ = begin;
      fail("one of the functions exists, len, succeeded, failed, always");
    }
    expect("(");
    if (!about_run) node.children.push_back(operand(depth + 1));
    expect(")");
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

class Evaluator {
 public:
  Evaluator(const std::string& text, const Condition::Scope& scope) : text_(text), scope_(scope) {}

  bool truth(const Node& node) const {
    const Value value = evaluate(node);
    if (value.is(Kind::boolean)) return value.as_bool();
    if (value.is_null()) return false;
    fail(std::string("expected true or false, got ") + name_of(value.kind()));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Code::invalid, "condition '" + text_ + "': " + what).with("key", "when");
  }

  Value evaluate(const Node& node) const {
    switch (node.type) {
      case Node::Type::literal: return node.literal;
      case Node::Type::path: {
        const Value* found = lookup(node);
        return found == nullptr ? Value() : *found;
      }
      case Node::Type::list: {
        Value list = Value::list();
        for (const Node& item : node.children) list.push_back(evaluate(item));
        return list;
      }
      case Node::Type::negation: return !truth(node.children[0]);
      case Node::Type::conjunction:
        for (const Node& child : node.children) {
          if (!truth(child)) return false;
        }
        return true;
      case Node::Type::disjunction:
        for (const Node& child : node.children) {
          if (truth(child)) return true;
        }
        return false;
      case Node::Type::comparison: return compare(node.name, evaluate(node.children[0]), evaluate(node.children[1]));
      case Node::Type::call: return call(node);
    }
    return {};
  }

  const Value* lookup(const Node& path) const {
    const Value* value = nullptr;
    std::size_t next = 0;
    if (path.name == "steps") {
      value = &scope_.steps;
    } else if (path.name == "context" && !path.children.empty() && path.children[0].literal.is(Kind::string)) {
      value = scope_.context(path.children[0].literal.as_string());
      next = 1;
    } else {
      value = scope_.context(path.name);
    }
    for (; value != nullptr && next < path.children.size(); ++next) {
      const Value& part = path.children[next].literal;
      if (part.is(Kind::string)) {
        value = value->find(part.as_string());
      } else {
        const auto index = static_cast<std::size_t>(part.as_int64());
        value = value->is(Kind::list) && index < value->size() ? &value->items()[index] : nullptr;
      }
    }
    return value;
  }

  Value call(const Node& node) const {
    if (node.name == "always") return true;
    if (node.name == "failed") return scope_.any_failed;
    if (node.name == "succeeded") return !scope_.any_failed;
    const Node& argument = node.children[0];
    if (node.name == "exists") return argument.type == Node::Type::path && lookup(argument) != nullptr;
    const Value value = evaluate(argument);
    if (value.is(Kind::table)) return value.as_table().array.length;
    return static_cast<std::int64_t>(value.size());
  }

  bool compare(const std::string& symbol, const Value& left, const Value& right) const {
    if (symbol == "==") return same(left, right);
    if (symbol == "!=") return !same(left, right);
    if (symbol == "in") {
      if (!right.is(Kind::list)) fail(std::string("'in' needs a list on its right, got ") + name_of(right.kind()));
      for (const Value& item : right.items()) {
        if (same(left, item)) return true;
      }
      return false;
    }
    const int order = compare_order(left, right);
    if (symbol == "<") return order < 0;
    if (symbol == "<=") return order <= 0;
    if (symbol == ">") return order > 0;
    return order >= 0;
  }

  static bool same(const Value& left, const Value& right) {
    if (left.is_number() && right.is_number() && left.kind() != right.kind()) {
      return left.as_float64() == right.as_float64();
    }
    return left == right;
  }

  template <typename T>
  static int order_of(const T& left, const T& right) {
    return left < right ? -1 : (right < left ? 1 : 0);
  }

  int compare_order(const Value& left, const Value& right) const {
    if (left.is(Kind::int64) && right.is(Kind::int64)) return order_of(left.as_int64(), right.as_int64());
    if (left.is_number() && right.is_number()) return order_of(left.as_float64(), right.as_float64());
    if (left.kind() == right.kind()) {
      if (left.is(Kind::string)) return order_of(left.as_string(), right.as_string());
      if (left.is(Kind::time)) return order_of(left.as_time(), right.as_time());
    }
    fail(std::string("cannot order ") + name_of(left.kind()) + " and " + name_of(right.kind()));
  }

  const std::string& text_;
  const Condition::Scope& scope_;
};

bool mentions_failure(const Node& node) {
  if (node.type == Node::Type::call && (node.name == "failed" || node.name == "always")) return true;
  for (const Node& child : node.children) {
    if (mentions_failure(child)) return true;
  }
  return false;
}

}  // namespace

Condition::Condition(std::string text, std::shared_ptr<const Node> root)
    : text_(std::move(text)), root_(std::move(root)) {}
Condition::Condition(Condition&&) noexcept = default;
Condition& Condition::operator=(Condition&&) noexcept = default;
Condition::Condition(const Condition&) = default;
Condition& Condition::operator=(const Condition&) = default;
Condition::~Condition() = default;

Condition Condition::parse(std::string_view text) {
  return {std::string(text), std::make_shared<const Node>(Parser(text).parse())};
}

bool Condition::holds(const Scope& scope) const { return Evaluator(text_, scope).truth(*root_); }

bool Condition::asks_about_failure() const noexcept { return mentions_failure(*root_); }

}  // namespace mortise::jobs
