// RecordFiles: the records of a watch in files of a folder, one for each day: 2026-11-30.WORD.jsonl, .yaml or .md.
//
// The day is that of the segment's end, or of the event. JSON Lines and YAML are appended to, one write for each record, so that
// readers see whole records; Markdown is written anew with the record in its table.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jobs/monitors/watch.h"

namespace mortise::jobs {

enum class RecordFormat { jsonl, yaml, md };
[[nodiscard]] std::string_view name_of(RecordFormat format) noexcept;
[[nodiscard]] std::optional<RecordFormat> record_format_named(std::string_view word) noexcept;

class RecordFiles final : public WatchListener {
 public:
  struct Layout {
    std::string folder;
    RecordFormat format = RecordFormat::jsonl;
    std::string word;   // in the files' names
    std::string title;  // of a page in Markdown
  };

  // Makes the folder, for its owner alone, when it is not there. Throws Error.
  explicit RecordFiles(Layout layout);
  void record(const Value& record) override;
  void note(Log::Level, const std::string&, const Value&) override {}

 private:
  void append(const std::string& path, const std::string& text) const;
  void rewrite(const std::string& path, const std::string& day, const Value& record) const;

  const Layout layout_;
};

}  // namespace mortise::jobs
