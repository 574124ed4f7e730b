// The worker's loop: tasks become calls of a plugin's table, until the host says bye or is gone.
#pragma once

#include "mortise/plugin.h"
#include "runtime/child/session.h"

namespace mortise::runtime::child {

// Where the table comes from. Asked at the first `load`, so that a plugin that cannot be loaded is an answer.
class PluginSource {
 public:
  virtual ~PluginSource() = default;
  // Throws Error. The table lives as long as the process.
  virtual const mortise_plugin& table(const message::Hello& hello) = 0;
};

// A table that is in this program already. Throws Error{unsupported} or Error{plugin} when the table cannot be used.
void check_table(const mortise_plugin* table);

// Returns the status to exit with: 0, or 76 when the host broke the protocol (which goes to stderr).
int serve(Session& session, PluginSource& source);

}  // namespace mortise::runtime::child
