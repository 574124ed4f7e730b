// libFuzzer: any bytes as an expression over a small table. It must parse or throw Error, keep its meaning through its
// canonical text, and evaluate or throw Error.
#include <cstdlib>
#include <string_view>

#include "lib/evaluate.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Batch table = testing::table({{"date", Value::list({"2012-01-01", nullptr})},
                                             {"t", Value::list({12.5, nullptr})},
                                             {"n", Value::list({1, 2})},
                                             {"w", Value::list({"rain", nullptr})},
                                             {"b", Value::list({true, false})}});
  try {
    const Expression expression = parse_expression({reinterpret_cast<const char*>(data), size}, "where");
    const std::string canonical = to_text(expression);
    if (to_text(parse_expression(canonical, "where")) != canonical) std::abort();
    (void)evaluate(expression, *table, "where");
  } catch (const Error&) {
  }
  return 0;
}
