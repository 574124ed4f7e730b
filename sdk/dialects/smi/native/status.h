// What a plugin's status means as an error of ours.
#pragma once

#include <string>

#include "mlos/smi_spec.h"
#include "mortise/error.hpp"

namespace mortise::smi {

// "SMI_ERROR_NOT_FOUND (-3)", or "-42".
[[nodiscard]] std::string name_of_status(smi_status_t status);

// The error of a call that answered `status`, which is not SMI_SUCCESS. Its detail `smi_status` is the number.
[[nodiscard]] Error status_error(const std::string& function, smi_status_t status);

inline void must(const std::string& function, smi_status_t status) {
  if (status != SMI_SUCCESS) throw status_error(function, status);
}

}  // namespace mortise::smi
