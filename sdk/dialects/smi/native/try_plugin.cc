// mortise-smi-test PLUGIN: what a test of a model plugin in C does, for one that has none.
//
// Load it, initialise it, ask for its name, register a model, ask it once, give everything back. Functions that the plugin lacks are
// passed over. The plugin runs in this process, which may die of it: then the shell says so.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "inference.h"
#include "library.h"
#include "models.h"
#include "mortise/error.hpp"
#include "status.h"

namespace {

namespace smi = mortise::smi;
using mortise::Value;

void said(const char* what, const std::string& text) {
  std::printf("%s: %s\n", what, text.empty() ? "(says nothing)" : text.c_str());
}

void ask_once(const smi::Library& library, smi_model_handle_t handle) {
  const auto inference = library.functions().inference;
  if (inference == nullptr) return said("Inference", "not there");
  try {
    const std::string input = "test data";
    const smi::Filled filled = smi::fill_growing("inference", {}, [&](char* buffer, std::size_t* size) {
      return inference(handle, input.data(), input.size(), buffer, size);
    });
    std::printf("Inference: %zu bytes in, %zu out\n", input.size(), filled.bytes.size());
  } catch (const mortise::Error& error) {  // a model without files may well refuse
    if (error.code() == mortise::Code::plugin && error.detail("smi_status").empty()) throw;
    said("Inference", error.what());
  }
}

void try_plugin(const std::string& path) {
  const smi::Library library(path);
  const auto& functions = library.functions();
  if (functions.initialize != nullptr) smi::must("initialize", functions.initialize("test-config"));
  said("Plugin name", library.name());
  said("Plugin version", library.version());
  said("SMI version", library.version_text());
  {
    smi::Models models(library);
    try {
      ask_once(library, models.get(Value::map({{"id", "smi-test"}, {"name", "smi-test"}, {"framework", "custom"}})));
    } catch (const mortise::Error& error) {
      if (error.detail("smi_status").empty()) throw;
      said("Model", error.what());
    }
  }
  if (functions.cleanup != nullptr) smi::must("cleanup", functions.cleanup());
  std::printf("Plugin loading test passed\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("Usage: mortise smi-test <plugin-path>\n");
    return 1;
  }
  char* path = ::realpath(argv[1], nullptr);
  try {
    try_plugin(path != nullptr ? path : argv[1]);
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "mortise smi-test: %s\n", error.what());
    std::free(path);
    return 1;
  }
  std::free(path);
  return 0;
}
