// Does nothing, by the C contract: what is measured is the way to it.
#include <mortise/plugin.h>

namespace {

mortise_status load(const mortise_call*, void**, mortise_output*) { return MORTISE_OK; }
mortise_status invoke(void*, const mortise_call*, mortise_output*) { return MORTISE_OK; }
void cleanup(void*) {}

constexpr mortise_plugin table{sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, nullptr, nullptr,
                               invoke, nullptr, cleanup};

}  // namespace

extern "C" MORTISE_EXPORT const mortise_plugin* mortise_plugin_entry(void) { return &table; }
