// The service `Cache`, by which plugins in any language keep values for a while:
//
//   get     {key, shared?}               -> {found, value}
//   put     {key, value, ttl?, shared?}  -> {stored}     ttl in seconds, or as "5m"; not stored: larger than cache.max_entry
//   delete  {key, shared?}               -> {deleted}
//   clear   {shared?}                    -> {count}
//
// Each plugin has a space of its own, which all of its instances and runs share; `shared` names one that all plugins have in
// common. Values come back as they were, tables and tensors included.
#pragma once

#include <memory>

#include "plugin/services.h"
#include "plugin/shared_cache.h"

namespace mortise::app {

// `cache` must outlive the service.
[[nodiscard]] std::shared_ptr<plugin::Service> make_cache_service(plugin::SharedCache& cache);

}  // namespace mortise::app
