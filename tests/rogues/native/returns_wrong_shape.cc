// Answers a step with a number instead of {outputs: {...}}, by the C contract.
#include <mortise/plugin.h>

namespace {

mortise_status load(const mortise_call*, void**, mortise_output*) { return MORTISE_OK; }
mortise_status invoke(void*, const mortise_call* call, mortise_output* out) {
  if (call->operation != MORTISE_OP_STEP) return MORTISE_UNSUPPORTED;
  out->value.kind = MORTISE_KIND_INT64;
  out->value.as.int64 = 42;
  return MORTISE_OK;
}
void cleanup(void*) {}

constexpr mortise_plugin table{sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, nullptr, nullptr,
                               invoke, nullptr, cleanup};

}  // namespace

extern "C" MORTISE_EXPORT const mortise_plugin* mortise_plugin_entry(void) { return &table; }
