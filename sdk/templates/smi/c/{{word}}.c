/* A model is a file with one number, and inference multiplies float32 numbers by it. Put your own in their place. */
#include <stdlib.h>
#include <string.h>

#include "mlos/smi_spec.h"

typedef struct {
  char name[64];
  float factor;
  bool loaded;
} own_model;

static smi_status_t own_initialize(const char* config) {
  printf("{{word}}: initialised with %s\n", config ? config : "nothing");
  return SMI_SUCCESS;
}

static smi_status_t own_cleanup(void) {
  printf("{{word}}: cleaned up\n");
  return SMI_SUCCESS;
}

static smi_status_t own_register(const smi_model_metadata_t* metadata, smi_model_handle_t* handle) {
  own_model* model = calloc(1, sizeof *model);
  if (!model) return SMI_ERROR_OUT_OF_MEMORY;
  strncpy(model->name, metadata->name, sizeof model->name - 1);
  model->factor = 1;
  *handle = model;
  return SMI_SUCCESS;
}

static smi_status_t own_unregister(smi_model_handle_t handle) {
  free(handle);
  return SMI_SUCCESS;
}

static smi_status_t own_load(smi_model_handle_t handle, const char* path) {
  own_model* model = handle;
  FILE* file = fopen(path, "r");
  if (!file) return SMI_ERROR_NOT_FOUND;
  const int read = fscanf(file, "%f", &model->factor);
  fclose(file);
  model->loaded = read == 1;
  return model->loaded ? SMI_SUCCESS : SMI_ERROR_RUNTIME;
}

static smi_status_t own_inference(smi_model_handle_t handle, const void* input, size_t input_size, void* output,
                                    size_t* output_size) {
  const own_model* model = handle;
  if (input_size % sizeof(float) != 0) return SMI_ERROR_INVALID_PARAM;
  if (*output_size < input_size) {
    *output_size = input_size; /* what it would take */
    return SMI_ERROR_OUT_OF_MEMORY;
  }
  for (size_t i = 0; i < input_size / sizeof(float); ++i) {
    float number;
    memcpy(&number, (const char*)input + i * sizeof number, sizeof number);
    number *= model->factor;
    memcpy((char*)output + i * sizeof number, &number, sizeof number);
  }
  *output_size = input_size;
  return SMI_SUCCESS;
}

static smi_status_t own_info(smi_model_handle_t handle, char* info, size_t* info_size) {
  const own_model* model = handle;
  const int size = snprintf(info, *info_size, "{\"name\": \"%s\", \"factor\": %g}", model->name, (double)model->factor);
  *info_size = (size_t)size;
  return SMI_SUCCESS;
}

static const char* own_name(void) { return "{{name}}"; }
static const char* own_version(void) { return "1.0.0"; }
static const char* own_frameworks(void) { return "custom"; }

static smi_plugin_t the_plugin = {
    .interface = {.initialize = own_initialize,
                  .cleanup = own_cleanup,
                  .register_model = own_register,
                  .unregister_model = own_unregister,
                  .load_model = own_load,
                  .inference = own_inference,
                  .get_model_info = own_info,
                  .get_plugin_name = own_name,
                  .get_plugin_version = own_version,
                  .get_supported_frameworks = own_frameworks},
    .plugin_id = "{{word}}",
    .smi_version = SMI_VERSION,
};

smi_plugin_t* smi_plugin_init(void) { return &the_plugin; }
