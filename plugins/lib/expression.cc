#include "lib/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "lib/expression_tokens.h"
#include "lib/json_text.h"

namespace mortise::plugins {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& key) : tokens_(text, key) {}

  Expression parse() {
    Expression whole = parse_or();
    if (tokens_.now().kind != Token::Kind::end) tokens_.fail("the end, or a word such as 'and'");
    return whole;
  }

 private:
  // Counts the recursion of the parser itself; `Expression::of_call` counts the tree.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.level_ > Expression::max_depth) {
        parser_.tokens_.fail_at(parser_.tokens_.now().position,
                                "at most " + std::to_string(Expression::max_depth) + " levels of nesting", "one more");
      }
    }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  Expression node(Expression expression) {
    if (++nodes_ > Expression::max_nodes) {
      tokens_.fail_at(tokens_.now().position, "at most " + std::to_string(Expression::max_nodes) + " parts",
                      "one more");
    }
    return expression;
  }
  Expression call(std::string name, std::vector<Expression> args, std::size_t position) {
    return node(Expression::of_call(std::move(name), std::move(args), position));
  }

  Expression parse_or() {
    const Level level(*this);
    const std::size_t position = tokens_.now().position;
    std::vector<Expression> parts;
    do {
      parts.push_back(parse_and());
    } while (tokens_.take_keyword("or") || tokens_.take_symbol("||"));
    return parts.size() == 1 ? std::move(parts[0]) : call("or", std::move(parts), position);
  }

  Expression parse_and() {
    const std::size_t position = tokens_.now().position;
    std::vector<Expression> parts;
    do {
      parts.push_back(parse_not());
    } while (tokens_.take_keyword("and") || tokens_.take_symbol("&&"));
    return parts.size() == 1 ? std::move(parts[0]) : call("and", std::move(parts), position);
  }

  Expression parse_not() {
    const std::size_t position = tokens_.now().position;
    if (tokens_.take_keyword("not") || tokens_.take_symbol("!")) {
      const Level level(*this);
      std::vector<Expression> args;
      args.push_back(parse_not());
      return call("not", std::move(args), position);
    }
    return parse_comparison();
  }

  std::optional<std::string> take_comparison() {
    constexpr std::pair<std::string_view, std::string_view> known[] = {
        {"==", "=="}, {"=", "=="}, {"!=", "!="}, {"<>", "!="}, {"<", "<"}, {"<=", "<="}, {">", ">"}, {">=", ">="}};
    for (const auto& [written, meant] : known) {
      if (tokens_.take_symbol(written)) return std::string(meant);
    }
    return std::nullopt;
  }

  Expression parse_comparison() {
    Expression left = parse_sum();
    const std::size_t position = tokens_.now().position;
    if (auto comparison = take_comparison()) {
      std::vector<Expression> args;
      args.push_back(std::move(left));
      args.push_back(parse_sum());
      Expression result = call(std::move(*comparison), std::move(args), position);
      if (take_comparison()) tokens_.fail("'and' between two comparisons");
      return result;
    }
    if (tokens_.take_keyword("is")) return parse_is_null(std::move(left), position);
    if (tokens_.is_keyword("in") || tokens_.is_keyword("not")) return parse_in(std::move(left), position);
    return left;
  }

  Expression negated(bool negate, Expression inner, std::size_t position) {
    if (!negate) return inner;
    std::vector<Expression> args;
    args.push_back(std::move(inner));
    return call("not", std::move(args), position);
  }

  Expression parse_is_null(Expression left, std::size_t position) {
    const bool negate = tokens_.take_keyword("not");
    if (!tokens_.take_keyword("null")) tokens_.fail("'null'");
    std::vector<Expression> args;
    args.push_back(std::move(left));
    return negated(negate, call("is null", std::move(args), position), position);
  }

  Expression parse_in(Expression left, std::size_t position) {
    const bool negate = tokens_.take_keyword("not");
    if (!tokens_.take_keyword("in")) tokens_.fail("'in'");
    const std::string close = tokens_.is_symbol("[") ? "]" : ")";
    if (!tokens_.take_symbol("[")) tokens_.expect_symbol("(");
    std::vector<Expression> args;
    args.push_back(std::move(left));
    do {
      args.push_back(parse_sum());
    } while (tokens_.take_symbol(","));
    tokens_.expect_symbol(close);
    return negated(negate, call("in", std::move(args), position), position);
  }

  Expression parse_sum() {
    Expression left = parse_product();
    while (tokens_.is_symbol("+") || tokens_.is_symbol("-")) left = binary(std::move(left), &Parser::parse_product);
    return left;
  }

  Expression parse_product() {
    Expression left = parse_unary();
    while (tokens_.is_symbol("*") || tokens_.is_symbol("/")) left = binary(std::move(left), &Parser::parse_unary);
    return left;
  }

  Expression binary(Expression left, Expression (Parser::*parse_right)()) {
    std::string name = tokens_.now().text;
    const std::size_t position = tokens_.now().position;
    tokens_.advance();
    std::vector<Expression> args;
    args.push_back(std::move(left));
    args.push_back((this->*parse_right)());
    return call(std::move(name), std::move(args), position);
  }

  Expression parse_unary() {
    const std::size_t position = tokens_.now().position;
    if (!tokens_.take_symbol("-")) return parse_primary();
    if (tokens_.now().kind == Token::Kind::number) return parse_number("-", position);
    const Level level(*this);
    std::vector<Expression> args;
    args.push_back(parse_unary());
    return call("negate", std::move(args), position);
  }

  Expression parse_number(const char* sign, std::size_t position) {
    const std::string text = sign + tokens_.now().text;
    const char* end = text.data() + text.size();
    Value value;
    std::int64_t integer = 0;
    double real = 0;
    if (const auto [last, error] = std::from_chars(text.data(), end, integer); error == std::errc() && last == end) {
      value = integer;
    } else if (const auto [stop, wrong] = std::from_chars(text.data(), end, real);
               wrong == std::errc() && stop == end && text.find_first_of(".eE") != std::string::npos) {
      value = real;
    } else {
      tokens_.fail_at(position, "a number that int64 or float64 can hold", "'" + text + "'");
    }
    tokens_.advance();
    return node(Expression::of_literal(std::move(value), position));
  }

  Expression parse_primary() {
    const std::size_t position = tokens_.now().position;
    std::string text = tokens_.now().text;
    switch (tokens_.now().kind) {
      case Token::Kind::number: return parse_number("", position);
      case Token::Kind::text: tokens_.advance(); return node(Expression::of_literal(Value(text), position));
      case Token::Kind::column: tokens_.advance(); return node(Expression::of_column(std::move(text), position));
      case Token::Kind::word: return parse_word();
      case Token::Kind::symbol:
        if (!tokens_.take_symbol("(")) break;
        {
          Expression inner = parse_or();
          tokens_.expect_symbol(")");
          return inner;
        }
      case Token::Kind::end: break;
    }
    tokens_.fail("a column, a number, a text in quotes or '('");
  }

  Expression parse_word() {
    const std::size_t position = tokens_.now().position;
    const std::string word = tokens_.now().text;
    const std::string folded = lower_case(word);
    if (folded == "true" || folded == "false" || folded == "null") {
      tokens_.advance();
      Value value = folded == "null" ? Value() : Value(folded == "true");
      return node(Expression::of_literal(std::move(value), position));
    }
    if (folded == "and" || folded == "or" || folded == "not" || folded == "in" || folded == "is") {
      tokens_.fail("a column (write `" + word + "` in back-quotes if that is its name)");
    }
    tokens_.advance();
    if (!tokens_.take_symbol("(")) return node(Expression::of_column(word, position));
    std::vector<Expression> args;
    if (!tokens_.is_symbol(")")) {
      do {
        args.push_back(parse_or());
      } while (tokens_.take_symbol(","));
    }
    tokens_.expect_symbol(")");
    return call(folded, std::move(args), position);
  }

  Tokens tokens_;
  std::size_t level_ = 0;
  std::size_t nodes_ = 0;
};

bool is_plain_word(const std::string& name) {
  constexpr std::string_view reserved[] = {"and", "or", "not", "in", "is", "null", "true", "false"};
  if (name.empty() || !is_word_start(name[0])) return false;
  if (std::find(std::begin(reserved), std::end(reserved), lower_case(name)) != std::end(reserved)) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_word_start(c) || is_digit(c) || c == '.'; });
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string join(const std::vector<Expression>& args, std::size_t first, const std::string& between) {
  std::string text;
  for (std::size_t i = first; i < args.size(); ++i) text.append(i == first ? "" : between).append(to_text(args[i]));
  return text;
}

std::string literal_text(const Value& literal) {
  if (literal.is(Kind::string)) return quoted(literal.as_string());
  return json_text(literal);
}

}  // namespace

Expression Expression::of_literal(Value value, std::size_t position) {
  Expression expression;
  expression.literal = std::move(value);
  expression.position = position;
  return expression;
}

Expression Expression::of_column(std::string name, std::size_t position) {
  Expression expression;
  expression.kind = Kind::column;
  expression.name = std::move(name);
  expression.position = position;
  return expression;
}

Expression Expression::of_call(std::string name, std::vector<Expression> args, std::size_t position) {
  Expression expression;
  expression.kind = Kind::call;
  expression.name = std::move(name);
  expression.position = position;
  for (const Expression& arg : args) expression.depth = std::max(expression.depth, arg.depth + 1);
  if (expression.depth > max_depth) {
    throw Error(Code::invalid,
                "the expression nests deeper than " + std::to_string(max_depth) + " levels at position " +
                    std::to_string(position),
                "split it into a list of conditions, or into two steps");
  }
  expression.args = std::move(args);
  return expression;
}

Expression parse_expression(std::string_view text, const std::string& key) {
  if (text.size() > Expression::max_text) {
    throw Error(Code::invalid,
                key + ": the expression has " + std::to_string(text.size()) + " bytes; the limit is " +
                    std::to_string(Expression::max_text),
                "split it into a list of conditions")
        .with("key", key);
  }
  return Parser(text, key).parse();
}

std::string to_text(const Expression& expression) {
  const auto& args = expression.args;
  switch (expression.kind) {
    case Expression::Kind::literal: return literal_text(expression.literal);
    case Expression::Kind::column:
      return is_plain_word(expression.name) ? expression.name : "`" + expression.name + "`";
    case Expression::Kind::call: break;
  }
  if (expression.name == "in") return "(" + to_text(args[0]) + " in (" + join(args, 1, ", ") + "))";
  if (expression.name == "is null") return "(" + to_text(args[0]) + " is null)";
  if (expression.name == "not") return "(not " + to_text(args[0]) + ")";
  if (expression.name == "negate") return "(-(" + to_text(args[0]) + "))";
  if (is_word_start(expression.name[0]) && expression.name != "and" && expression.name != "or") {
    return expression.name + "(" + join(args, 0, ", ") + ")";
  }
  return "(" + join(args, 0, " " + expression.name + " ") + ")";
}

std::vector<std::string> columns_of(const Expression& expression) {
  std::vector<std::string> names;
  if (expression.kind == Expression::Kind::column) names.push_back(expression.name);
  for (const Expression& arg : expression.args) {
    for (std::string& name : columns_of(arg)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace mortise::plugins
