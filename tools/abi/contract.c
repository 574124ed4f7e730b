/* The native contract as one shared object: every function and, through them, every type of its headers. Never loaded;
 * tools/abi/check compares its shape with the one that was promised. */
#include <stddef.h>

#include "mortise/arrow_abi.h"
#include "mortise/plugin.h"
#include "mortise/worker.h"

const mortise_plugin* mortise_plugin_entry(void) { return NULL; }

mortise_status mortise_worker_open(const mortise_worker_options* options, mortise_worker** worker, mortise_output* error) {
  (void)options, (void)worker, (void)error;
  return MORTISE_OK;
}
const mortise_worker_hello* mortise_worker_greeting(const mortise_worker* worker) {
  (void)worker;
  return NULL;
}
mortise_status mortise_worker_next(mortise_worker* worker, mortise_task* task, mortise_output* error) {
  (void)worker, (void)task, (void)error;
  return MORTISE_OK;
}
mortise_status mortise_worker_reply(mortise_worker* worker, mortise_status status, mortise_output* output) {
  (void)worker, (void)status, (void)output;
  return MORTISE_OK;
}
void mortise_worker_count_copied(mortise_worker* worker, uint64_t bytes) { (void)worker, (void)bytes; }
int mortise_worker_serve(mortise_worker* worker, const mortise_plugin* plugin) {
  (void)worker, (void)plugin;
  return 0;
}
void mortise_worker_close(mortise_worker* worker) { (void)worker; }

/* What no function names. */
MORTISE_EXPORT void mortise_contract_rest(struct ArrowSchema* schema, struct ArrowArray* array);
void mortise_contract_rest(struct ArrowSchema* schema, struct ArrowArray* array) { (void)schema, (void)array; }
