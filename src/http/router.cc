#include "http/router.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace mortise::http {
namespace {

std::vector<std::string> split(std::string_view pattern) {
  if (!pattern.starts_with('/'))
    throw Error(Code::internal, "route '" + std::string(pattern) + "' must begin with '/'");
  std::vector<std::string> segments;
  for (std::string_view rest = pattern.substr(1); !rest.empty();) {
    const std::size_t end = rest.find('/');
    segments.emplace_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return segments;
}

bool is_variable(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.starts_with('{') && segment.ends_with('}');
}

void check_described(const Route& route, const std::string& variable) {
  const bool described = std::any_of(route.parameters.begin(), route.parameters.end(),
                                     [&](const Parameter& parameter) { return parameter.name == variable; });
  if (!described) {
    throw Error(Code::internal, "route " + route.pattern + " does not describe its variable '" + variable + "'");
  }
}

}  // namespace

Access needed(Scope scope, Method method) noexcept {
  switch (scope) {
    case Scope::open: return Access::none;
    case Scope::use: return method == Method::get || method == Method::head ? Access::read : Access::run;
    case Scope::read: return Access::read;
    case Scope::run: return Access::run;
    case Scope::operate: return Access::operate;
    case Scope::admin: return Access::admin;
  }
  return Access::admin;
}

Handler answering(std::function<Response(const Request&)> function) {
  return
      [function = std::move(function)](const Request& request, const Responder& answer) { answer(function(request)); };
}

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> variable;
  std::map<Method, const Route*> methods;

  struct Search {
    Method method;
    std::span<const std::string> segments;
    std::vector<std::string> values;  // of the variables on the way
    std::map<Method, const Route*> allowed;
    const Route* found = nullptr;
  };

  // Depth first, literals before variables: the first node that has the method is the answer.
  [[nodiscard]] bool find(Search& search, std::size_t depth) const {
    if (depth == search.segments.size()) {
      search.allowed.insert(methods.begin(), methods.end());
      const auto hit = methods.find(search.method);
      if (hit == methods.end()) return false;
      search.found = hit->second;
      return true;
    }
    const std::string& segment = search.segments[depth];
    if (const auto next = literals.find(segment); next != literals.end() && next->second->find(search, depth + 1))
      return true;
    if (variable == nullptr || segment.empty()) return false;
    search.values.push_back(segment);
    if (variable->find(search, depth + 1)) return true;
    search.values.pop_back();
    return false;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

void Router::add(Route route) {
  for (const auto& other : routes_) {
    if (other->id == route.id) throw Error(Code::internal, "two routes have the id '" + route.id + "'");
  }
  Node* node = root_.get();
  for (const std::string& segment : split(route.pattern)) {
    if (is_variable(segment)) check_described(route, segment.substr(1, segment.size() - 2));
    auto& next = is_variable(segment) ? node->variable : node->literals[segment];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  if (node->methods.contains(route.method)) {
    throw Error(Code::internal, "two routes answer " + std::string(name_of(route.method)) + " " + route.pattern);
  }
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  node->methods[routes_.back()->method] = routes_.back().get();
}

Router::Match Router::match(Method method, std::span<const std::string> segments) const {
  Node::Search search{method == Method::head ? Method::get : method, segments, {}, {}, nullptr};
  Match match;
  if (root_->find(search, 0)) {
    match.route = search.found;
    std::size_t value = 0;
    for (const std::string& segment : split(search.found->pattern)) {
      if (is_variable(segment))
        match.variables.emplace_back(segment.substr(1, segment.size() - 2), search.values[value++]);
    }
  }
  for (const auto& [allowed, route] : search.allowed) {
    match.allowed.push_back(allowed);
    if (allowed == Method::get) match.allowed.push_back(Method::head);
  }
  if (!match.allowed.empty()) match.allowed.push_back(Method::options);
  return match;
}

}  // namespace mortise::http
