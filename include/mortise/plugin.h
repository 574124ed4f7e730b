/* Mortise's native plugin contract, in C99.
 *
 * A plugin is a shared object that exports ONE symbol, `mortise_plugin_entry`, which returns a table of functions. The
 * host calls the table; the plugin calls the host through the table it finds in every call. The same object runs inside
 * the host process (when its operator trusts it) or inside a confined worker; it cannot tell and need not care.
 *
 * Promises that hold for every function here:
 *   - Every table and every struct that may grow begins with `size`, its size in bytes as its maker compiled it. Read a
 *     member only if it lies within `size`. Members are appended, never moved, changed or removed.
 *   - Whoever allocates also frees. Input is borrowed for the duration of the call. Output carries its own `release`.
 *   - No exception and no longjmp crosses this boundary, in either direction.
 *   - Strings are UTF-8, counted, and not NUL-terminated unless a member says so.
 *   - One instance is never entered by two threads at once, and two calls of one instance may come on two different
 *     threads one after the other, unless the plugin's manifest says `concurrency: N` with N > 1.
 */
#ifndef MORTISE_PLUGIN_H
#define MORTISE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include "mortise/arrow_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_ABI_MAJOR 1u /* a plugin and a host with different majors refuse each other */
#define MORTISE_ABI_MINOR 0u /* grows when something is appended; either side may be newer */

#if defined(__GNUC__)
#define MORTISE_EXPORT __attribute__((visibility("default")))
#else
#define MORTISE_EXPORT
#endif

/* ---- status: what the caller should do next ------------------------------------------------------------------- */

typedef int32_t mortise_status;
enum {
  MORTISE_OK = 0,
  MORTISE_INVALID = 1,     /* the caller sent something wrong; sending it again will not help */
  MORTISE_NOT_FOUND = 2,   /* no such thing */
  MORTISE_CONFLICT = 3,    /* it clashes with the present state; look at the state first */
  MORTISE_DENIED = 4,      /* not allowed; a grant is needed */
  MORTISE_UNSUPPORTED = 5, /* this plugin or host does not do that */
  MORTISE_BUSY = 6,        /* later, the same call may succeed */
  MORTISE_TIMEOUT = 7,     /* it took longer than its deadline */
  MORTISE_CANCELLED = 8,   /* somebody asked for it to stop */
  MORTISE_PLUGIN = 9,      /* the plugin's own failure */
  MORTISE_INTERNAL = 10    /* a defect of the host */
};

/* ---- values ---------------------------------------------------------------------------------------------------- */

enum {
  MORTISE_KIND_NULL = 0,
  MORTISE_KIND_BOOL = 1,
  MORTISE_KIND_INT64 = 2,
  MORTISE_KIND_FLOAT64 = 3,
  MORTISE_KIND_STRING = 4, /* UTF-8 */
  MORTISE_KIND_BYTES = 5,
  MORTISE_KIND_TIME = 6, /* nanoseconds since 1970-01-01T00:00:00Z */
  MORTISE_KIND_LIST = 7,
  MORTISE_KIND_MAP = 8, /* string keys, unique, in the order in which they were written */
  MORTISE_KIND_TENSOR = 9,
  MORTISE_KIND_TABLE = 10
};

/* A value nests at most this deep: a scalar has depth 1, an empty list 1, a list of scalars 2. */
#define MORTISE_MAX_DEPTH 128

typedef struct mortise_string {
  const char* data; /* may be NULL when size is 0 */
  uint64_t size;    /* bytes */
} mortise_string;

struct mortise_member;
struct mortise_tensor;
struct mortise_table;

typedef struct mortise_value {
  uint32_t kind;     /* MORTISE_KIND_* */
  uint32_t reserved; /* 0 when a plugin in C builds a value */
  union {
    int64_t boolean; /* 0 or 1 */
    int64_t int64;
    double float64;
    int64_t time_ns;
    mortise_string string; /* STRING and BYTES */
    struct {
      const struct mortise_value* items;
      uint64_t count;
    } list;
    struct {
      const struct mortise_member* members;
      uint64_t count;
    } map;
    struct mortise_tensor* tensor;
    struct mortise_table* table;
  } as;
} mortise_value;

typedef struct mortise_member {
  mortise_string key;
  mortise_value value;
} mortise_member;

/* Element types of tensors, named as in the Open Inference Protocol. */
enum {
  MORTISE_DTYPE_BOOL = 1, /* one byte, 0 or 1 */
  MORTISE_DTYPE_UINT8 = 2,
  MORTISE_DTYPE_UINT16 = 3,
  MORTISE_DTYPE_UINT32 = 4,
  MORTISE_DTYPE_UINT64 = 5,
  MORTISE_DTYPE_INT8 = 6,
  MORTISE_DTYPE_INT16 = 7,
  MORTISE_DTYPE_INT32 = 8,
  MORTISE_DTYPE_INT64 = 9,
  MORTISE_DTYPE_FP16 = 10,
  MORTISE_DTYPE_FP32 = 11,
  MORTISE_DTYPE_FP64 = 12
};

#define MORTISE_MAX_RANK 32

/* Tensors and tables are immutable, shared leaves: they cross by reference, and are never copied on the way between two
 * plugins of one process. Whoever wants to keep one beyond the call calls `retain`, and later `release`; the last
 * release frees it. Both are required and may be called from any thread. A leaf placed in an output is retained by its
 * receiver before the output is released. */

/* A dense array, row-major, little-endian. `data` has the size of the product of `shape` times the element's size and is
 * aligned to the element. */
typedef struct mortise_tensor {
  uint64_t size;
  uint32_t dtype;
  uint32_t rank;        /* 0 (a scalar) to MORTISE_MAX_RANK */
  const int64_t* shape; /* `rank` sizes, each >= 0 */
  const void* data;
  void (*retain)(struct mortise_tensor*);
  void (*release)(struct mortise_tensor*);
  void* private_data;
} mortise_tensor;

/* A struct array of the Arrow C data interface (offset 0, no nulls at the top) whose children are the columns. Its own
 * `release` callbacks belong to the leaf: a receiver reads through them and calls only the leaf's `release`. */
typedef struct mortise_table {
  uint64_t size;
  struct ArrowSchema schema; /* format "+s" */
  struct ArrowArray array;
  void (*retain)(struct mortise_table*);
  void (*release)(struct mortise_table*);
  void* private_data;
} mortise_table;

/* A value that its receiver must release. Zero it before use. `release` is NULL when there is nothing to free. */
typedef struct mortise_output {
  mortise_value value;
  void (*release)(struct mortise_output*);
  void* private_data;
} mortise_output;

/* ---- the host, as a plugin sees it ------------------------------------------------------------------------------ */

enum { MORTISE_LOG_DEBUG = 10, MORTISE_LOG_INFO = 20, MORTISE_LOG_WARNING = 30, MORTISE_LOG_ERROR = 40 };

/* Memory that the host can hand on without copying it. */
typedef struct mortise_buffer {
  void* data;    /* writable, 64-byte aligned, zero-filled or recycled */
  uint64_t size; /* at least what was asked for */
} mortise_buffer;

/* Every function is required to be present within `size`. `context` is the one of the call. All may be called from any
 * thread that works on the call, until the call returns. None blocks longer than the call's deadline. */
typedef struct mortise_host {
  uint64_t size;
  uint32_t abi_major;
  uint32_t abi_minor;

  /* Writes one record. `fields` is NULL or a map. Never fails; the host drops records beyond its limits and says so. */
  void (*log)(void* context, uint32_t level, mortise_string message, const mortise_value* fields);

  /* Says how far the call is: `fraction` from 0 to 1, or negative when unknown. Cheap; the host thins it out. */
  void (*progress)(void* context, double fraction, mortise_string note);

  /* Not 0 once the call was cancelled or its deadline passed. Cheap enough for a loop over rows in batches. */
  int32_t (*cancelled)(void* context);

  /* Reads one entry of the run's context. MORTISE_NOT_FOUND (with nothing in `out`) when the key is absent, which is not
   * the same as a null value. The caller releases `out`. */
  mortise_status (*context_get)(void* context, mortise_string key, mortise_output* out);

  /* Calls a method of a service (of the host or of another plugin). On failure `out` holds an error value. */
  mortise_status (*service)(void* context, mortise_string service, mortise_string method, const mortise_value* input,
                            mortise_output* out);

  /* Memory for the columns or tensors of this call's output. The host frees it after the call's output was released.
   * MORTISE_BUSY when the worker's limit is reached. */
  mortise_status (*allocate)(void* context, uint64_t bytes, mortise_buffer* out);
} mortise_host;

/* ---- calls ------------------------------------------------------------------------------------------------------ */

/* What a plugin can be asked to do. Which of them it must answer follows from its extension points
 * (docs/extension-points.md); any other it answers with MORTISE_UNSUPPORTED. */
enum {
  MORTISE_OP_VALIDATE = 1,  /* {config} -> {config}: check a step's configuration and write its defaults into it */
  MORTISE_OP_STEP = 2,      /* {step: {name, plugin, config, output}, run: {id, attempt, key}} -> {outputs: {...}} */
  MORTISE_OP_EXECUTE = 3,   /* {data, parameters, context} -> {data, metadata, logs, warnings, errors} */
  MORTISE_OP_POLL = 4,      /* null -> null or an event {timestamp, label, event, data} */
  MORTISE_OP_AGGREGATE = 5, /* {items: [...]} -> anything */
  MORTISE_OP_INFER = 6,     /* {model, inputs} -> {outputs} */
  MORTISE_OP_CALL = 7,      /* `method` with anything -> anything */
  MORTISE_OP_HEALTH = 8     /* null -> {healthy, message} */
};

typedef struct mortise_call {
  uint64_t size;
  uint32_t operation;         /* MORTISE_OP_*, or 0 in load, initialize, start and stop */
  uint32_t reserved;
  mortise_string method;      /* of MORTISE_OP_CALL, else empty */
  const mortise_value* input; /* never NULL; in load: the plugin's own configuration, a map */
  int64_t deadline_ns;        /* CLOCK_MONOTONIC; 0: none */
  const mortise_host* host;
  void* context;
} mortise_call;

/* Errors: a function that does not return MORTISE_OK may leave in `out` a map {message, hint, details, cause}, all but
 * message optional, where `details` maps strings to strings and `cause` is again such a map, with its status as `code`;
 * `out` may also stay empty. `out` comes zeroed and is never NULL. */
typedef struct mortise_plugin {
  uint64_t size;
  uint32_t abi_major; /* MORTISE_ABI_MAJOR */
  uint32_t abi_minor; /* MORTISE_ABI_MINOR */

  /* Required. Makes an instance from its configuration; on success sets *instance (which may stay NULL). */
  mortise_status (*load)(const mortise_call* call, void** instance, mortise_output* out);
  /* Optional. Opens what it needs; services of providers are there. Called once, after load. */
  mortise_status (*initialize)(void* instance, const mortise_call* call, mortise_output* out);
  /* Optional. Begins background work. */
  mortise_status (*start)(void* instance, const mortise_call* call, mortise_output* out);
  /* Required. One operation. */
  mortise_status (*invoke)(void* instance, const mortise_call* call, mortise_output* out);
  /* Optional. Ends background work. After it only start and cleanup may come. */
  mortise_status (*stop)(void* instance, const mortise_call* call, mortise_output* out);
  /* Required. Frees the instance. The last call, always made unless the process was killed. */
  void (*cleanup)(void* instance);
} mortise_plugin;

/* The one exported symbol. Called once per process, on any thread; the table must live as long as the process. NULL
 * means: refused. */
MORTISE_EXPORT const mortise_plugin* mortise_plugin_entry(void);
typedef const mortise_plugin* (*mortise_plugin_entry_function)(void);

#ifdef __cplusplus
}
#endif
#endif
