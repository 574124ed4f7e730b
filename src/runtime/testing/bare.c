/* The least that the C contract asks for: echoes scalars. */
#include <mortise/plugin.h>

static mortise_status load(const mortise_call* call, void** instance, mortise_output* out) {
  (void)call, (void)instance, (void)out;
  return MORTISE_OK;
}

static mortise_status invoke(void* instance, const mortise_call* call, mortise_output* out) {
  (void)instance;
  out->value = *call->input;
  out->value.reserved = 0;
  return MORTISE_OK;
}

static void cleanup(void* instance) { (void)instance; }

static const mortise_plugin table = {sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, 0, 0, invoke, 0, cleanup};

const mortise_plugin* mortise_plugin_entry(void) { return &table; }
