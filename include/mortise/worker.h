/* The worker's side of docs/worker-protocol.md as a C library, libmortise_worker.
 *
 * For programs that a host starts as a worker and whose language cannot speak to an inherited socket itself (R), or need
 * not (C, C++). It receives calls as the structs of plugin.h, maps shared memory, answers, and offers the host's functions
 * (log, progress, cancelled, context_get, service, allocate) through the table in every call.
 *
 * Either hand it a plugin's table and let it work:
 *
 *     mortise_worker* worker = NULL;
 *     mortise_worker_options options = {sizeof options, 3, 0, {"mine 1.0", 8}, {"c", 1}};
 *     if (mortise_worker_open(&options, &worker, NULL) != MORTISE_OK) return 1;
 *     return mortise_worker_serve(worker, mortise_plugin_entry());
 *
 * or take task by task with mortise_worker_next() and mortise_worker_reply().
 *
 * One thread opens, takes, replies and closes. The functions of the host table may come from any thread, until the reply.
 * While a worker is open, a thread of the library watches the socket: when the host is gone, the process ends within a
 * second, whatever it is doing. */
#ifndef MORTISE_WORKER_H
#define MORTISE_WORKER_H

#include "mortise/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mortise_worker mortise_worker;

typedef struct mortise_worker_options {
  uint64_t size;
  int32_t descriptor; /* of the socket; workers are started with 3. The library owns it from here on */
  int32_t reserved;
  mortise_string sdk;      /* name and version of what speaks: "mortise-r 0.1.0" */
  mortise_string language; /* "c", "r" */
} mortise_worker_options;

/* What the host said first. All strings live as long as the worker. */
typedef struct mortise_worker_hello {
  uint64_t size;
  mortise_string host; /* version text */
  mortise_string id;   /* of the plugin */
  mortise_string name;
  mortise_string version;
  mortise_string path;         /* folder of the package */
  mortise_string entry;        /* file in it */
  const mortise_value* limits; /* a map */
} mortise_worker_hello;

enum {
  MORTISE_TASK_END = 0,  /* the host said bye, or is gone: clean up and exit. There is nothing to reply */
  MORTISE_TASK_LOAD = 1, /* `call.input` is the plugin's own configuration */
  MORTISE_TASK_INITIALIZE = 2,
  MORTISE_TASK_START = 3,
  MORTISE_TASK_INVOKE = 4,
  MORTISE_TASK_STOP = 5,
  MORTISE_TASK_CLEANUP = 6
};

typedef struct mortise_task {
  uint64_t size; /* set by the caller */
  uint32_t kind; /* MORTISE_TASK_* */
  uint32_t reserved;
  const mortise_call* call; /* NULL at the end; valid until the reply, as is everything it refers to */
} mortise_task;

/* Required first. Waits for the host's greeting and answers it. On failure `error` (may be NULL, else zeroed; released by
 * the caller) holds an error map, and the descriptor is closed. */
MORTISE_EXPORT mortise_status mortise_worker_open(const mortise_worker_options* options, mortise_worker** worker,
                                                  mortise_output* error);

MORTISE_EXPORT const mortise_worker_hello* mortise_worker_greeting(const mortise_worker* worker);

/* Waits for the next task, as long as it takes, asleep. Each task but the end wants one reply
 * before the next one. MORTISE_INVALID: the host broke the protocol; exit. */
MORTISE_EXPORT mortise_status mortise_worker_next(mortise_worker* worker, mortise_task* task, mortise_output* error);

/* Answers the task. With MORTISE_OK `output` holds the result, else an error map {message, hint, details, cause} or nothing.
 * Takes the output over and releases it, also when it fails; NULL stands for a null value. Leaves inside regions that
 * `allocate` gave travel without a copy. Leaves of the input that are still retained get memory of their own, so that they
 * stay as they are. A result that cannot be sent is answered as an error of the plugin; the return value is MORTISE_OK then,
 * and something else only when the host is gone. */
MORTISE_EXPORT mortise_status mortise_worker_reply(mortise_worker* worker, mortise_status status,
                                                   mortise_output* output);

/* Adds to the number of bytes that the next reply reports as copied, for whoever copies tables into data of its own. */
MORTISE_EXPORT void mortise_worker_count_copied(mortise_worker* worker, uint64_t bytes);

/* The loop: tasks become calls of the table until the end. Closes the worker. Returns the status to exit with. */
MORTISE_EXPORT int mortise_worker_serve(mortise_worker* worker, const mortise_plugin* plugin);

/* Closes the socket and unmaps what no leaf uses. NULL is allowed. */
MORTISE_EXPORT void mortise_worker_close(mortise_worker* worker);

#ifdef __cplusplus
}
#endif
#endif
