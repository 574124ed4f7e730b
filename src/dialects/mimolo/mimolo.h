// The mimolo dialect: monitors written as classes derived from BaseMonitor, mimolo.toml, and the words of `mortise mimolo`.
//
//   emit_event      poll            a resident instance for each watch, one call at a time, at most 15 s; told above 100 ms
//   filter_method   aggregate
//   PluginSpec      the descriptor; its label is the id
//   failures        rest 1, 2, 4 ... 300 s
//
// Polling and segments are the host's own (src/jobs/monitors); this room finds the monitors, reads the settings, and writes the
// guide's log files. What the worker loads is sdk/dialects/mimolo.
#pragma once

#include "dialects/core/dialect.h"

namespace mortise::dialects {

[[nodiscard]] Guide mimolo_guide();

}  // namespace mortise::dialects
