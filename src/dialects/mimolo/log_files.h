// LogFiles: the records of a watch in files of a folder, one for each day: 2026-11-30.mimolo.jsonl, .yaml or .md.
//
// The day is that of the segment's end, or of the event. JSON Lines and YAML are appended to, one write for each record, so that
// readers see whole records; Markdown is written anew with the record in its table.
#pragma once

#include <string>

#include "dialects/mimolo/settings.h"
#include "jobs/monitors/watch.h"

namespace mortise::dialects::mimolo {

class LogFiles final : public jobs::WatchListener {
 public:
  // Makes the folder, for its owner alone, when it is not there. Throws Error.
  LogFiles(std::string folder, LogFormat format);
  void record(const Value& record) override;
  void note(Log::Level, const std::string&, const Value&) override {}

 private:
  void append(const std::string& path, const std::string& text) const;
  void rewrite(const std::string& path, const std::string& day, const Value& record) const;

  const std::string folder_;
  const LogFormat format_;
};

}  // namespace mortise::dialects::mimolo
