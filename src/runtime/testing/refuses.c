/* Refuses to be loaded. */
#include <mortise/plugin.h>

const mortise_plugin* mortise_plugin_entry(void) { return 0; }
