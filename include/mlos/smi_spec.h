/* The Standard Model Interface (SMI): a model plugin as a shared object with one entry point, in C99.
 *
 *   #include "mlos/smi_spec.h"
 *   static smi_plugin_t plugin = {.interface = my_interface, .plugin_id = "my-plugin", .smi_version = SMI_VERSION};
 *   smi_plugin_t* smi_plugin_init(void) { return &plugin; }
 *
 * The host loads the object in a process of its own (RTLD_NOW, RTLD_LOCAL), calls smi_plugin_init once, and then:
 *
 *   initialize -> { register_model -> allocate_resources -> load_model -> inference ... -> unload_model ->
 *                   deallocate_resources -> unregister_model } ... -> cleanup
 *
 * Every pointer of the interface may be NULL: what a plugin does not have is not called; only a model that nobody can run is
 * refused. Calls come one at a time unless the plugin is registered with `concurrency` above 1. Pointers that a call is given
 * are borrowed until it returns; handles are the plugin's own, and the host never looks behind them.
 *
 * Members are appended, never moved, changed or removed.
 */
#ifndef MLOS_SMI_SPEC_H
#define MLOS_SMI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A plugin says in `smi_version` what it was built with: the same major, and a minor not above the host's, is accepted. */
#define SMI_VERSION_MAJOR 1
#define SMI_VERSION_MINOR 0
#define SMI_VERSION_PATCH 0
#define SMI_VERSION ((SMI_VERSION_MAJOR << 16) | (SMI_VERSION_MINOR << 8) | SMI_VERSION_PATCH)

#if defined(__GNUC__)
#define SMI_EXPORT __attribute__((visibility("default")))
#else
#define SMI_EXPORT
#endif

/* ---- status ------------------------------------------------------------------------------------------------------- */

typedef int smi_status_t;
enum {
  SMI_SUCCESS = 0,
  SMI_ERROR_INVALID_PARAM = -1,
  SMI_ERROR_OUT_OF_MEMORY = -2, /* from inference: the output is too small, see there */
  SMI_ERROR_NOT_FOUND = -3,
  SMI_ERROR_NOT_SUPPORTED = -4,
  SMI_ERROR_RUNTIME = -5
};

/* ---- models ------------------------------------------------------------------------------------------------------- */

typedef void* smi_model_handle_t;

enum {
  SMI_RESOURCE_MEMORY = 1,     /* bytes */
  SMI_RESOURCE_CPU = 2,        /* thousandths of a core */
  SMI_RESOURCE_GPU = 3,        /* devices */
  SMI_RESOURCE_GPU_MEMORY = 4, /* bytes */
  SMI_RESOURCE_STORAGE = 5,    /* bytes */
  SMI_RESOURCE_OTHER = 99      /* what `name` says */
};

typedef struct {
  uint32_t type; /* SMI_RESOURCE_* */
  uint32_t reserved;
  uint64_t amount;
  const char* name; /* as the registration wrote it; never NULL */
} smi_resource_req_t;

/* What the registration of a model says. Texts are UTF-8, end with NUL and are never NULL; what was not said is "". */
typedef struct {
  size_t size; /* of this struct, as the host compiled it */
  const char* name;
  const char* framework; /* "pytorch", "onnx", ...; "custom" where nobody knows */
  const char* model_id;
  const char* version;
  const char* description;
  const char* format;                     /* execution format */
  const char* path;                       /* file or folder, as load_model gets it */
  const smi_resource_req_t* requirements; /* NULL when there are none */
  size_t num_requirements;
} smi_model_metadata_t;

/* ---- the interface ------------------------------------------------------------------------------------------------ */

/* In C the type itself is const: only so is an object of it a constant that gcc accepts as the initialiser of another in C99. The
 * member of smi_plugin is not, and neither is the type in C++: a plugin may fill them in function by function. */
#ifdef __cplusplus
#define SMI_CONSTANT
#else
#define SMI_CONSTANT const
#endif
typedef SMI_CONSTANT struct smi_plugin_interface {
  /* Lifecycle. `config` is text of the plugin's own form, NULL when there is none. */
  smi_status_t (*initialize)(const char* config);
  smi_status_t (*cleanup)(void);

  /* Models. */
  smi_status_t (*register_model)(const smi_model_metadata_t* metadata, smi_model_handle_t* handle);
  smi_status_t (*unregister_model)(smi_model_handle_t handle);
  smi_status_t (*load_model)(smi_model_handle_t handle, const char* path);
  smi_status_t (*unload_model)(smi_model_handle_t handle);

  /* `output_size` is the capacity of `output` before the call and the size of the answer after it. A plugin whose answer is
   * larger returns SMI_ERROR_OUT_OF_MEMORY, with the wanted size in `output_size` where it knows it: it is called again with
   * more, up to a limit of the host. */
  smi_status_t (*inference)(smi_model_handle_t handle, const void* input, size_t input_size, void* output,
                            size_t* output_size);
  /* `count` inferences at once; `output_sizes` as above, each for itself. Where it is NULL, inference is called for each. */
  smi_status_t (*batch_inference)(smi_model_handle_t handle, const void* const* inputs, const size_t* input_sizes,
                                  void* const* outputs, size_t* output_sizes, size_t count);

  /* Resources. */
  smi_status_t (*allocate_resources)(smi_model_handle_t handle, const smi_resource_req_t* requirements,
                                     size_t num_requirements);
  smi_status_t (*deallocate_resources)(smi_model_handle_t handle);

  /* Information. `info` gets JSON text; `info_size` is its capacity before and its size after, as with inference. */
  smi_status_t (*get_model_info)(smi_model_handle_t handle, char* info, size_t* info_size);
  const char* (*get_plugin_name)(void);
  const char* (*get_plugin_version)(void);
  const char* (*get_supported_frameworks)(void); /* "pytorch,numpy" */
  uint32_t (*get_smi_version)(void);             /* packed as SMI_VERSION */
} smi_plugin_interface_t;

typedef struct smi_plugin {
  struct smi_plugin_interface interface;
  const char* plugin_id;
  uint32_t smi_version; /* packed as SMI_VERSION */
  void* private_data;   /* the plugin's own */
} smi_plugin_t;

/* ---- the entry point ---------------------------------------------------------------------------------------------- */

typedef smi_plugin_t* (*smi_plugin_init_func_t)(void);

/* Called once. What it returns lives as long as the process. NULL refuses to be loaded. */
SMI_EXPORT smi_plugin_t* smi_plugin_init(void);

#ifdef __cplusplus
}
#endif

#endif
