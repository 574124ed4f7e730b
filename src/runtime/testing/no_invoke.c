/* Leaves out a required function. */
#include <mortise/plugin.h>

static mortise_status load(const mortise_call* call, void** instance, mortise_output* out) {
  (void)call, (void)instance, (void)out;
  return MORTISE_OK;
}

static const mortise_plugin table = {sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, 0, 0, 0, 0, 0};

const mortise_plugin* mortise_plugin_entry(void) { return &table; }
