#include "dialects/core/needs.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::dialects;

namespace {

plugin::Descriptor named(const char* id, std::vector<plugin::Requirement> needs, std::vector<std::string> provides = {}) {
  plugin::Descriptor plugin;
  plugin.id = id;
  plugin.requires_ = std::move(needs);
  plugin.provides = std::move(provides);
  return plugin;
}

using Order = std::vector<std::size_t>;
constexpr auto plugin_of_name = plugin::Requirement::Type::plugin;
constexpr auto capability = plugin::Requirement::Type::capability;

}  // namespace

TEST_CASE("those that provide come before those that need, by name and by capability, else as they are") {
  const auto head = named("head", {{capability, "tokens", {}}, {plugin_of_name, "log", {}}}), other = named("other", {});
  const auto words = named("words", {{plugin_of_name, "log", {}}}, {"tokens"}), log = named("log", {});
  const Descriptors all{&head, &other, &words, &log};
  CHECK(providers_first(all) == Order{3, 2, 0, 1});
  CHECK(needed_by(all, 0) == Order{3, 2});
  CHECK(needed_by(all, 3).empty());
}

TEST_CASE("plugins that need each other, themselves or nobody who is there end it all the same") {
  const auto one = named("one", {{plugin_of_name, "two", {}}}), two = named("two", {{plugin_of_name, "one", {}}, {plugin_of_name, "two", {}}});
  const auto lost = named("lost", {{plugin_of_name, "gone", {}}});
  const Descriptors all{&one, &two, &lost};
  CHECK(providers_first(all) == Order{1, 0, 2});
  CHECK(needed_by(all, 0) == Order{1});
  CHECK(needed_by(all, 2).empty());
}
