// Gives one value of every kind, and a nested map with a time in it.
#include <cmath>
#include <limits>
#include <mortise/leaf.hpp>
#include <mortise/plugin.hpp>

namespace {

using mortise::Time;
using mortise::Value;

struct Values : mortise::Plugin {
  Value step(mortise::Step&) override {
    return Value::map({
        {"null", Value()},
        {"bool", true},
        {"int", std::numeric_limits<std::int64_t>::max()},
        {"negative", std::numeric_limits<std::int64_t>::min()},
        {"float", 0.1},
        {"string", "gr\u00fc\u00dfe \U0001F980"},
        {"bytes", Value::bytes(std::string_view("\0\xFF\x10", 3))},
        {"time", Time{1'700'000'000'123'456'789}},
        {"list", Value::list({1, "two", 3.0})},
        {"map", Value::map({{"inner", Value::map({{"timestamp", Time{0}}})}})},
        {"tensor", mortise::make_tensor(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3})},
    });
  }
};

}  // namespace

MORTISE_PLUGIN(Values)
