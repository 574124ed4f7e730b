#include "status.h"

namespace mortise::smi {

std::string name_of_status(smi_status_t status) {
  const std::string number = std::to_string(status);
  switch (status) {
    case SMI_SUCCESS: return "SMI_SUCCESS (0)";
    case SMI_ERROR_INVALID_PARAM: return "SMI_ERROR_INVALID_PARAM (" + number + ")";
    case SMI_ERROR_OUT_OF_MEMORY: return "SMI_ERROR_OUT_OF_MEMORY (" + number + ")";
    case SMI_ERROR_NOT_FOUND: return "SMI_ERROR_NOT_FOUND (" + number + ")";
    case SMI_ERROR_NOT_SUPPORTED: return "SMI_ERROR_NOT_SUPPORTED (" + number + ")";
    case SMI_ERROR_RUNTIME: return "SMI_ERROR_RUNTIME (" + number + ")";
    default: return "status " + number + ", which the interface does not know";
  }
}

Error status_error(const std::string& function, smi_status_t status) {
  const Code code = [status] {
    switch (status) {
      case SMI_ERROR_INVALID_PARAM: return Code::invalid;
      case SMI_ERROR_OUT_OF_MEMORY: return Code::busy;
      case SMI_ERROR_NOT_FOUND: return Code::not_found;
      case SMI_ERROR_NOT_SUPPORTED: return Code::unsupported;
      default: return Code::plugin;
    }
  }();
  return Error(code, function + " returned " + name_of_status(status), "the plugin's own log may say why")
      .with("smi_status", std::to_string(status))
      .with("function", function);
}

}  // namespace mortise::smi
