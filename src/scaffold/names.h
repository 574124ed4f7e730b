// How a project may be called, and the words made of its name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scaffold/template.h"

namespace mortise::scaffold {

// Throws Error{invalid} with the nearest name that would do.
void check_name(const Template& of, std::string_view name, const std::vector<std::string>& reserved);

// "Data_Processing.z-score": "z_score", for files and functions.
[[nodiscard]] std::string word_of(std::string_view name);
// "Data_Processing.z-score": "ZScore", for types.
[[nodiscard]] std::string class_of(std::string_view name);

}  // namespace mortise::scaffold
