"""Model plugins in C for the tests: each is the whole of a plugin but for what a test changes in it."""

import shutil
import subprocess

import pytest
from outside import REPOSITORY

INCLUDE = REPOSITORY / "include"
FLAGS = ["-Wall", "-Wextra", "-Werror", "-std=c99", "-fPIC", "-O2", f"-I{INCLUDE}"]

WHOLE = r'''
#include <stdlib.h>
#include <string.h>
#include "mlos/smi_spec.h"

static smi_status_t initialize(const char* config) { printf("initialize %%s\n", config ? config : "NULL"); %(initialize)s }
static smi_status_t cleanup(void) { printf("cleanup\n"); fflush(stdout); %(cleanup)s }
static smi_status_t register_model(const smi_model_metadata_t* metadata, smi_model_handle_t* handle) {
  printf("register %%s %%s\n", metadata->name, metadata->framework);
  *handle = (void*)0x12345678;
  %(register)s
}
static smi_status_t unregister_model(smi_model_handle_t handle) { printf("unregister %%p\n", handle); %(unregister)s }
static smi_status_t load_model(smi_model_handle_t handle, const char* path) {
  printf("load %%p %%s\n", handle, path);
  %(load)s
}
static smi_status_t allocate(smi_model_handle_t handle, const smi_resource_req_t* all, size_t count) {
  for (size_t i = 0; i < count; ++i) printf("allocate %%p %%s %%llu\n", handle, all[i].name, (unsigned long long)all[i].amount);
  return SMI_SUCCESS;
}
static smi_status_t inference(smi_model_handle_t handle, const void* input, size_t input_size, void* output, size_t* output_size) {
  (void)handle; (void)input; (void)input_size; (void)output; (void)output_size;
  %(inference)s
}
static const char* name(void) { return "Test model plugin"; }
static const char* version(void) { return "2.3.4"; }
%(more)s

static smi_plugin_t plugin = {
    .interface = {.initialize = initialize, .cleanup = cleanup, .register_model = register_model,
                  .unregister_model = unregister_model, .load_model = load_model, .inference = inference,
                  .allocate_resources = allocate, .get_plugin_name = name, .get_plugin_version = version %(members)s},
    .plugin_id = "own-id",
    .smi_version = %(smi_version)s,
};

smi_plugin_t* smi_plugin_init(void) { %(init)s }
'''

ECHO = """
  size_t size = input_size < *output_size ? input_size : *output_size;
  memcpy(output, input, size);
  *output_size = size;
  return SMI_SUCCESS;
"""

# Bare libraries, for what WHOLE cannot be.
SPARSE = r'''
#include <string.h>
#include "mlos/smi_spec.h"
static smi_status_t initialize(const char* config) { (void)config; return SMI_SUCCESS; }
static smi_status_t inference(smi_model_handle_t handle, const void* input, size_t input_size, void* output, size_t* output_size) {
  (void)handle;
  memcpy(output, input, input_size);
  *output_size = input_size;
  return SMI_SUCCESS;
}
static smi_plugin_t plugin = {.interface = {.initialize = initialize, .inference = inference}, .plugin_id = "sparse", .smi_version = SMI_VERSION};
smi_plugin_t* smi_plugin_init(void) { return &plugin; }
'''

FLAT = r'''
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void* smi_plugin_init(void) { return (void*)0x87654321; }
int go_initialize(char* config) { printf("flat initialize [%s]\n", config); return config[0] == 0 || config[0] == '{' ? 0 : -1; }
int go_register_model(uintptr_t handle, char* name, char* framework) { printf("flat register %d %s %s\n", (int)handle, name, framework); return 0; }
int go_inference(uintptr_t handle, void* input, size_t size, void* output, size_t* output_size) {
  (void)handle;
  if (size == 7) return -3;
  memcpy(output, input, size);
  *output_size = size;
  return 0;
}
int go_cleanup(void) { printf("flat cleanup\n"); fflush(stdout); return 0; }
char* go_get_plugin_name(void) { return strdup("My flat plugin"); }
char* go_get_plugin_version(void) { return strdup("3.2.1"); }
'''


def compile_library(folder, file, source, *more):
    """folder/FILE.so from the text; what the compiler says is an error."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no gcc here")
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / f"{file}.c"
    text.write_text(source)
    library = folder / f"lib{file}.so"
    done = subprocess.run([compiler, *FLAGS, "-shared", "-o", library, text, *more], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    text.unlink()
    return library


def model_plugin(folder, file="model", **parts):
    whole = {
        "initialize": "return SMI_SUCCESS;", "register": "return SMI_SUCCESS;", "load": "return SMI_SUCCESS;",
        "inference": ECHO, "cleanup": "return SMI_SUCCESS;", "unregister": "return SMI_SUCCESS;", "init": "return &plugin;", "smi_version": "SMI_VERSION", "more": "", "members": "",
    }  # fmt: skip
    return compile_library(folder, file, WHOLE % {**whole, **parts})
