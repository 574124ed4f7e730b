// What the verbs of runs, schedules, dead letters and alerts take beside what all verbs take.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mortise::cli {

struct JobArguments {
  std::string from;                                                  // runs rerun
  bool wait = false;                                                 // runs resume, retry, rerun; deadletter drive
  std::string schedule, cron, every, zone, missed, overlap, jitter;  // schedule add, next
  std::int64_t most = 0, count = 5;
  std::string letter, alert, note, severity;  // deadletter, alert
  std::string type, source;                   // events; schedule add
  std::vector<std::string> data;              // schedule add
};

}  // namespace mortise::cli
