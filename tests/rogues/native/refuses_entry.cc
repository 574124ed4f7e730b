// Returns no table from its entry point.
#include <mortise/plugin.h>

extern "C" MORTISE_EXPORT const mortise_plugin* mortise_plugin_entry(void) { return nullptr; }
