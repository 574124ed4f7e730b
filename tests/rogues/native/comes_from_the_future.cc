// Says that it was built for another major version of the contract.
#include <mortise/plugin.h>

namespace {

constexpr mortise_plugin table{sizeof(mortise_plugin), MORTISE_ABI_MAJOR + 1, 0, nullptr, nullptr, nullptr,
                               nullptr, nullptr, nullptr};

}  // namespace

extern "C" MORTISE_EXPORT const mortise_plugin* mortise_plugin_entry(void) { return &table; }
