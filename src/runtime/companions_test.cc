#include "runtime/companions.h"

#include <doctest/doctest.h>

#include <string>

using namespace mortise;
using runtime::Companions;

namespace {

Companions::Entry made(const char* id, std::uint64_t generation, const char* folder = "/x") {
  auto plugin = std::make_shared<plugin::Descriptor>();
  plugin->id = id;
  plugin->generation = generation;
  plugin->folder = folder;
  return plugin;
}

}  // namespace

TEST_CASE("a generation finds those that belong to it, and no other generation does") {
  Companions companions;
  const auto user = made("user", 0), base = made("base", 3);
  companions.bind({base, user});
  CHECK(companions.of(*user, "base") == base);
  CHECK(companions.of(*user, "other") == nullptr);
  CHECK(companions.of(*made("user", 1), "base") == nullptr);
  CHECK(companions.of(*made("user", 0, "/installed/anew"), "base") == nullptr);
  companions.release({base, user});
  CHECK(companions.of(*user).empty());
}

TEST_CASE("one alone has no companions, and only the last sets are kept") {
  Companions companions;
  companions.bind({made("alone", 0)});
  CHECK(companions.of(*made("alone", 0)).empty());
  for (std::uint64_t number = 0; number <= Companions::most_sets; ++number) companions.bind({made("base", number), made("user", number)});
  CHECK(companions.of(*made("user", 0)).empty());
  CHECK(companions.of(*made("user", 1), "base")->generation == 1);
  companions.forget("base");
  CHECK(companions.of(*made("user", 1)).empty());
}
