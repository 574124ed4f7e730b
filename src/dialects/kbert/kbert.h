// The kbert dialect: plugins written as classes derived from PluginBase, k-bert.yaml, and the words of `mortise kbert`.
//
//   NAME                        the id; CATEGORY the extension point, where it is one
//   _validate, _initialize ...  the life that the guide knows, brought as far as k-bert.yaml says; a failure leaves FAILED
//   methods of its own          call NAME; `forward` is __call__
//   Container                   services of the same project are the objects themselves, others are called by name
//
// An instance lives as long as the host and takes one call at a time. What the worker loads is sdk/dialects/kbert.
#pragma once

#include "dialects/core/dialect.h"

namespace mortise::dialects {

[[nodiscard]] Guide kbert_guide();

}  // namespace mortise::dialects
