/* Forgot to say how large its table is. */
#include <mortise/plugin.h>

static const mortise_plugin table = {16, MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, 0, 0, 0, 0, 0, 0};

const mortise_plugin* mortise_plugin_entry(void) { return &table; }
