// Prints TAP ("ok 1 - ..."), as `mortise plugin test .` and many others read it.
#include "../{{word}}.h"

#include <cstdio>
#include <mortise/error.hpp>

namespace {

int tests = 0, failures = 0;

void check(bool holds, const char* what) {
  std::printf("%s %d - %s\n", holds ? "ok" : "not ok", ++tests, what);
  failures += !holds;
}

bool refused(const mortise::Value& numbers) {
  try {
    (void){{word}}_logic::multiplied(numbers, 10);
    return false;
  } catch (const mortise::Error&) {
    return true;
  }
}

}  // namespace

int main() {
  const mortise::Value numbers = mortise::Value::list({1, 2.5, -3});
  check({{word}}_logic::multiplied(numbers, 10) == mortise::Value::list({10.0, 25.0, -30.0}), "every number is multiplied");
  check({{word}}_logic::multiplied(mortise::Value::list(), 10).size() == 0, "an empty list stays empty");
  check(refused(mortise::Value::list({1, "two"})), "what is no number is refused");
  check(refused("numbers"), "what is no list is refused");
  std::printf("1..%d\n", tests);
  return failures != 0;
}
