#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"
#include "mortise/plugin.h"

static mortise_status load(const mortise_call* call, void** instance, mortise_output* out) {
  (void)call, (void)instance, (void)out;
  return MORTISE_OK;
}

static void cleanup(void* instance) { (void)instance; }

static mortise_status invoke(void* instance, const mortise_call* call, mortise_output* out) {
  int64_t goroutines = 0;
  (void)instance;
  if (call->operation != MORTISE_OP_CALL) return MORTISE_UNSUPPORTED;
  if (call->input->kind != MORTISE_KIND_INT64) return MORTISE_INVALID;
  out->value.kind = MORTISE_KIND_INT64;
  out->value.as.int64 = twice(call->input->as.int64, &goroutines);
  return goroutines > 0 ? MORTISE_OK : MORTISE_INTERNAL;
}

const mortise_plugin* mortise_plugin_entry(void) {
  static mortise_plugin table;
  table.size = sizeof table;
  table.abi_major = MORTISE_ABI_MAJOR;
  table.abi_minor = MORTISE_ABI_MINOR;
  table.load = load;
  table.invoke = invoke;
  table.cleanup = cleanup;
  return &table;
}
