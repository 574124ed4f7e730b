/* A worker in C99 that is its own plugin: takes task by task and gives back what it gets, with a record and a report. */
#include <stdio.h>
#include <string.h>

#include "mortise/worker.h"

static mortise_string text(const char* words) {
  mortise_string string;
  string.data = words;
  string.size = strlen(words);
  return string;
}

static mortise_status do_task(const mortise_task* task, mortise_output* output) {
  const mortise_call* call = task->call;
  if (task->kind != MORTISE_TASK_INVOKE) return MORTISE_OK;
  if (call->operation != MORTISE_OP_CALL) return MORTISE_UNSUPPORTED;
  call->host->log(call->context, MORTISE_LOG_INFO, text("echo"), NULL);
  call->host->progress(call->context, 1.0, text("done"));
  if (call->host->cancelled(call->context)) return MORTISE_CANCELLED;
  output->value = *call->input; /* borrowed until the reply, which is long enough */
  return MORTISE_OK;
}

static int complain(mortise_output* error) {
  const mortise_value* message = error->value.kind == MORTISE_KIND_MAP ? &error->value.as.map.members[0].value : NULL;
  if (message != NULL && message->kind == MORTISE_KIND_STRING) {
    fprintf(stderr, "%.*s\n", (int)message->as.string.size, message->as.string.data);
  }
  if (error->release != NULL) error->release(error);
  return 1;
}

int main(void) {
  mortise_worker_options options;
  mortise_worker* worker = NULL;
  mortise_output error;
  mortise_task task;
  memset(&options, 0, sizeof options);
  memset(&error, 0, sizeof error);
  options.size = sizeof options;
  options.descriptor = 3;
  options.sdk = text("echo-c 1");
  options.language = text("c");
  if (mortise_worker_open(&options, &worker, &error) != MORTISE_OK) return complain(&error);

  task.size = sizeof task;
  for (;;) {
    mortise_output output;
    memset(&output, 0, sizeof output);
    if (mortise_worker_next(worker, &task, &error) != MORTISE_OK) return complain(&error);
    if (task.kind == MORTISE_TASK_END) break;
    if (mortise_worker_reply(worker, do_task(&task, &output), &output) != MORTISE_OK) break;
  }
  mortise_worker_close(worker);
  return 0;
}
