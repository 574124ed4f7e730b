// EventFilter: which events of the log somebody waits for.
//
// By type ("monitor.event"; "run." with a dot at its end is all that begin so), by source, and by what the event's data must hold:
// every key of `data` with an equal value, maps within it likewise; whatever else the event has does not matter.
#pragma once

#include <string>

#include "base/config_tree.h"
#include "jobs/core/event_log.h"

namespace mortise::jobs {

struct EventFilter {
  std::string type;
  std::string source = {};  // empty: any
  Value data = {};          // null: any

  [[nodiscard]] bool fits(const EventRecord& event) const;
  // As it is kept: the type alone, or JSON where there is more.
  [[nodiscard]] std::string text() const;
  // Throws Error{invalid}.
  static EventFilter parse(const std::string& text);
};

// Of the keys `event`, `source` and `data` of a map. Throws Error{invalid} that names the key.
[[nodiscard]] EventFilter read_event_filter(const Node& node);

}  // namespace mortise::jobs
