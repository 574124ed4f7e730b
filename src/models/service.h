// The service `Models`, by which plugins in any language use the models of this host:
//
//   get    {model: id}           -> the record {id, name, framework, path, ...}
//   list   {}                    -> {models: [{id, plugin, name, framework}]}
//   infer  {model: id, inputs}   -> {outputs, ...}, what the model's plugin answers
#pragma once

#include <memory>

#include "plugin/services.h"

namespace mortise::models {

class Models;

// `models` must outlive the service.
[[nodiscard]] std::shared_ptr<plugin::Service> make_models_service(Models& models);

}  // namespace mortise::models
