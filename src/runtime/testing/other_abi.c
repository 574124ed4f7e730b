/* Was built for another major of the ABI, whose table is shorter. */
#include <mortise/plugin.h>

static const struct {
  uint64_t size;
  uint32_t abi_major, abi_minor;
} table = {sizeof table, MORTISE_ABI_MAJOR + 1, 0};

const mortise_plugin* mortise_plugin_entry(void) { return (const mortise_plugin*)(const void*)&table; }
