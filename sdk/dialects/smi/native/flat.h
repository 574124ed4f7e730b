// Flat exports: the interface as single functions go_initialize, go_register_model, go_inference, go_cleanup, go_get_plugin_name and
// go_get_plugin_version, as a Go library can give them without building a C struct. go_load_model and go_unregister_model are
// used where they are.
//
// The handles are made here, and texts that come back belong to the caller: each is asked for once.
#pragma once

#include "mlos/smi_spec.h"

namespace mortise::smi {

// The interface over the exports of an opened object; null when it has no go_initialize. One object per process.
[[nodiscard]] smi_plugin_interface_t* flat_interface(void* object);

}  // namespace mortise::smi
