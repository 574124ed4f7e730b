// Operations on columns as wholes. Each reads its keys from the options and throws Error{invalid} with the key.
#pragma once

#include <memory>

#include "lib/options.h"
#include "transform/transform.h"

namespace mortise::plugins {

[[nodiscard]] std::unique_ptr<Operation> make_select(const Options& options);   // fields
[[nodiscard]] std::unique_ptr<Operation> make_drop(const Options& options);     // fields
[[nodiscard]] std::unique_ptr<Operation> make_rename(const Options& options);   // mapping
[[nodiscard]] std::unique_ptr<Operation> make_flatten(const Options& options);  // fields, sep

}  // namespace mortise::plugins
